"""The names that records may use: studies and their tables, methods, metrics and how metrics are printed."""

from dataclasses import dataclass
from typing import Literal

from mpipipe.errors import InputError

Kind = Literal["component", "image"]

TABLES: dict[str, tuple[str, ...]] = {
    "restoration": ("denoising", "accelerated_calibration", "upsampling", "inpainting"),
    "reconstruction": ("fixed_snr", "snr_sweep", "timing"),
    "deblurring": ("train_vs_test_snr",),
    "signal_denoising": ("gaussian", "harmonic", "system_matrix"),
    "inversion": ("mse",),
}

# Names are the papers'; the order is that of rows and legends. A new method is added here once.
METHODS: tuple[str, ...] = (
    "Noisy",
    "DCT-F (multiplier 3)",
    "DCT-F",
    "DCT-F (one phase)",
    "DnCNN",
    "DnCNN (phase-aligned)",
    "RDN",
    "RDN (phase-aligned)",
    "SwinIR",
    "SwinIR (phase-aligned)",
    "Bicubic (shifted grid)",
    "Bicubic",
    "Bicubic (DCT-F first)",
    "Tricubic (shifted grid)",
    "Tricubic",
    "Tricubic (DCT-F first)",
    "SMRnet",
    "SMRnet (spline residual)",
    "Biharmonic",
    "Biharmonic (then DCT-F)",
    "PConvUNet",
    "PConvUNet (phase-aligned)",
    "ART",
    "ADMM_L1",
    "ADMM_TV",
    "ADMM_L1TV",
    "PP-MPI",
    "DIP",
    "ADMM-Net",
    "ADMM-Net (small ρ)",
    "DERnet",
    "DERnet (Tikhonov start)",
    "Gridding",
    "Wiener",
    "Richardson-Lucy",
    "TV",
    "Network",
    "Network (retinal scene)",
    "Network (data consistency)",
    "Averaged periods",
    "Folded period",
    "Band-pass",
    "Wavelets",
    "Wiener (folded)",
    "Wiener (subspace)",
    "N2N",
    "R2R",
    "Proposed",
    "Proposed (no priors)",
    "Proposed (no symmetry)",
    "Proposed (no smoothness)",
    "Proposed (folded)",
    "Single-layer",
    "Single-layer (linear)",
    "Multi-layer",
    "Truncated SVD",
    "Tikhonov",
)

CONDITION_LABELS: dict[str, str] = {
    "dimension": "Trajectory",
    "sigma": "σ",
    "factor": "Factor",
    "size_bin": "Average grid size",
    "region": "Voxels",
    "snr_db": "Signal SNR (dB)",
    "train_snr": "Training SNR",
    "test_snr": "Test SNR",
    "noise": "Noise",
    "physics": "Physics",
    "phantom": "Phantom",
    "diameter_nm": "Core diameter (nm)",
    "hidden_units": "Hidden units",
    "n_train": "Training samples",
    "optimiser": "Optimiser",
    "split": "Split",
    "batch": "Together",
}


@dataclass(frozen=True)
class Metric:
    """How a metric is printed and what its number means.

    Attributes
    ----------
    label : str
        Name in tables and figures.
    unit : str
        Unit, empty for a pure number.
    spec : str
        Format of a value.
    component, image : str
        Convention for components of a system matrix, and for images and signals.
    """

    label: str
    unit: str
    spec: str
    component: str
    image: str

    @property
    def heading(self) -> str:
        """Label and unit, such as ``PSNR (dB)``."""
        return f"{self.label} ({self.unit})" if self.unit else self.label

    def convention(self, kind: Kind) -> str:
        """Return the sentence that states what the number means."""
        return self.component if kind == "component" else self.image


_GLOBAL_SSIM = (
    "SSIM with one window is taken over the whole image, in units of the maximum of the true one, with the constants 0.01 and "
    "0.03, not squared."
)
_NRMSE = "NRMSE is ‖error‖/‖truth‖."
_SNR = "SNR is 20 log10(‖truth‖/‖error‖)."
_RMSE = "RMSE is the root of the mean of |error|², in the unit of the data."
_MSE = "MSE is the mean of |error|²."
_TIME = "Time is wall-clock time for one item, without loading."

METRICS: dict[str, Metric] = {
    "psnr_db": Metric(
        "PSNR",
        "dB",
        ".2f",
        "PSNR has the peak 1 (components have max|s| = 1) and the mean of |error|² over complex voxels; "
        "the data range 2 would add 6.02 dB, and averaging over real and imaginary parts 3.01 dB. "
        "σ is the standard deviation of the complex noise.",
        "PSNR has the maximum of the true image as peak.",
    ),
    "ssim": Metric(
        "SSIM",
        "",
        ".3f",
        "SSIM has 7-wide uniform windows and the data range 2, averaged over real and imaginary parts.",
        "SSIM has 7-wide uniform windows and the maximum of the true image as data range.",
    ),
    "ssim_global": Metric("SSIM (one window)", "", ".3f", _GLOBAL_SSIM, _GLOBAL_SSIM),
    "nrmse": Metric("NRMSE", "", ".3f", _NRMSE, _NRMSE),
    "snr_db": Metric("SNR", "dB", ".2f", _SNR, _SNR),
    "rmse": Metric("RMSE", "", ".4g", _RMSE, _RMSE),
    "mse": Metric("MSE", "", ".2e", _MSE, _MSE),
    "time_s": Metric("Time", "s", ".3g", _TIME, _TIME),
}


def kind_of(study: str) -> Kind:
    """Return what a study's metrics compare: components of a system matrix, or images and signals."""
    return "component" if study == "restoration" else "image"


def check_name(what: str, found: str, known: tuple[str, ...]) -> None:
    """Raise `InputError` when a name is not one of the known ones; `what` names the argument or column."""
    if found not in known:
        raise InputError(f"{what}: found {found!r}, expected one of {', '.join(known)}")


# Records that a figure or a table of our own shows and that no paper has a table of.
FIGURE_TABLES: tuple[str, ...] = ("robustness", "phantoms", "ablation", "regularised")
ALL_TABLES: tuple[str, ...] = (*(name for tables in TABLES.values() for name in tables), *FIGURE_TABLES)
