# %% [markdown]
# # Simulate a system matrix and look at it
#
# A scanner, a particle and a grid make a system matrix: a labelled array with units. Run it as a script, or cell by cell.

# %%
import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import mpipipe as mp

out = Path(sys.argv[1] if len(sys.argv) > 1 else ".")

# %% [markdown]
# A 2-D Lissajous scanner, and particles of 20 nm with an easy axis along x.

# %%
scanner = mp.Scanner(gradient_T_per_m=(-1, -1, 2), drive_amplitude_mT=(12, 12, 0), divider=(102, 96, 99))
particle = mp.Particle(core_diameter_nm=20, anisotropy_J_per_m3=1250, kind="immobilised", easy_axis=(1, 0, 0))
grid = mp.Grid(shape=(30, 30), field_of_view_mm=(30, 30))
S = mp.simulate_system_matrix(scanner, particle, grid)
print(S.sizes, S.attrs["units"])

# %% [markdown]
# Components are found by their mixing order: frequency $m_x f_x + m_y f_y$. The higher the order, the finer the wave.

# %%
orders = [(1, 2), (2, 3), (4, 3), (5, 4)]
index = [int(k) for order in orders for k in [abs(np.dot(order, scanner.harmonic[:2]))]]
components = S.sel(channel="x", frequency=index)

# %%
figure = Figure(figsize=(9, 2.6), layout="constrained")
for axes, component, order in zip(figure.subplots(1, len(orders)), components, orders, strict=True):
    extent = 1e3 * np.array([S.x[0], S.x[-1], S.y[0], S.y[-1]])
    image = axes.imshow(np.abs(component.values).T, origin="lower", extent=extent)
    axes.set(title=f"{order[0]}·fx + {order[1]}·fy", xlabel="x / mm", ylabel="y / mm")
    figure.colorbar(image, label="|S| / (1/s)")
figure.savefig(out / "components.png", dpi=150)
print(f"wrote {out / 'components.png'}")
