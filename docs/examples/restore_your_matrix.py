# %% [markdown]
# # Restore your own system matrix
#
# A noisy calibration in MDF is denoised with a network that comes with the package, compared with a classical method, written
# back, and used for a reconstruction. Here the calibration is simulated, so that the truth is known; put your own file in its
# place.

# %%
import sys
from pathlib import Path

import numpy as np

import mpipipe as mp

out = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
rng = np.random.default_rng(1)

# %%
scanner = mp.Scanner(gradient_T_per_m=(-1, -1, 2), drive_amplitude_mT=(12, 12, 0), divider=(102, 96, 99))
particle = mp.Particle(core_diameter_nm=20, anisotropy_J_per_m3=1250, kind="fluid")
truth = mp.simulate_system_matrix(scanner, particle, mp.Grid(shape=(26, 24), field_of_view_mm=(26, 24)))
truth = truth.isel(channel=[0, 1])  # no current is induced in the third coil
peak = np.abs(truth.values).max(axis=(0, 2, 3))
truth = truth.isel(frequency=np.flatnonzero(peak > 2e-3 * peak.max()))
sigma = 1e-3 * float(peak.max())
noise = rng.standard_normal(truth.shape) + 1j * rng.standard_normal(truth.shape)
measured = truth + (sigma / np.sqrt(2) * noise).astype(np.complex64)
mp.write_mdf(out / "calibration.mdf", measured, overwrite=True)

# %% [markdown]
# The noise level is estimated from the finest waves of each component; give `sigma=` where you know it better.

# %%
S = mp.read_mdf(out / "calibration.mdf")
restored = {method: mp.restore(S, "denoise", method=method) for method in ("DnCNN (phase-aligned)", "DCT-F")}


def error(matrix):
    """Relative error against the truth, over all components."""
    return float(np.linalg.norm(matrix.values - truth.values) / np.linalg.norm(truth.values))


for name, matrix in {"measured": S, **restored}.items():
    print(f"{name}: relative error {error(matrix):.4f}")

# %% [markdown]
# The restored matrix is a matrix as any other: write it, and reconstruct with it.

# %%
mp.write_mdf(
    out / "restored.mdf", restored["DnCNN (phase-aligned)"], header=S.attrs["header"], overwrite=True
)
phantom = np.zeros((26, 24))
phantom[8:18, 6:9] = phantom[8:10, 6:18] = 1.0
signal = np.einsum("cfxy,xy->cf", truth.values, phantom)
for name, matrix in {"measured": S, "restored": mp.read_mdf(out / "restored.mdf")}.items():
    image = mp.reconstruct(matrix, signal, regularization=1e-3, iterations=50)
    print(f"{name}: image error {float(np.linalg.norm(image - phantom) / np.linalg.norm(phantom)):.3f}")
