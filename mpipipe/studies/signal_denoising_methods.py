"""What the signal denoising study compares: problems, methods by kind, and what is said of all its numbers."""

from mpipipe.studies.signal_methods import AVERAGED, NOISY

PROBLEMS = {
    "gaussian": "Gaussian noise",
    "harmonic": "Gaussian noise and interference",
    "system_matrix": "System matrix",
}
"""Problems, which are tables of the records too, and what they are called."""
PROPOSED = "Proposed"
PUBLISHED = ("N2N", "R2R", PROPOSED)
CLASSICAL = ("Folded period", "Band-pass", "Wavelets", "Wiener", "Wiener (folded)", "Wiener (subspace)")
"""Filters that see one period, from the simplest to the one that knows most."""
WITHOUT = {
    "Proposed (no priors)": "0, 0",
    "Proposed (no symmetry)": "0, β",
    "Proposed (no smoothness)": "α, 0",
}
"""Ablations, and the weights of their priors."""
KINDS = {
    "input": (NOISY,),
    "published network": PUBLISHED,
    "classical": (AVERAGED, *CLASSICAL),
    "variant": (*WITHOUT, "Proposed (folded)"),
}
NETWORKS = (*PUBLISHED, *KINDS["variant"])
ROWS = tuple(method for methods in KINDS.values() for method in methods)
"""Methods in the order of rows."""

SHOWN = (NOISY, *PUBLISHED, "Wavelets", "Wiener (folded)", "Wiener (subspace)", "Proposed (folded)")
"""Methods in figures that have no room for all."""

METRIC_HEADINGS = {
    "snr_db": "SNR (dB)",
    "rmse": "RMSE (m²/s)",
    "ssim_global": "SSIM (eq. 10)",
    "ssim": "SSIM (7-wide windows)",
    "psnr_db": "PSNR (dB)",
}
"""Metrics in the order of columns, and their headings."""
OF_SIGNALS = ("snr_db", "rmse")
"""Metrics of signals; the others are of images."""
BLIND = "No method saw a noise-free signal, in training or in tuning."
TRAININGS = (
    "A network that was trained several times enters with the mean of its trainings; intervals say nothing of another "
    "training."
)


def panel_title(problem: str) -> str:
    """Return what a problem is called above a narrow panel, in two lines where it is long."""
    return PROBLEMS[problem].replace(" and ", "\nand ")


def in_rows(methods: set[str]) -> list[str]:
    """Return methods in the order of rows, grouped by kind; names that are no methods of the study behind."""
    return [method for method in ROWS if method in methods] + sorted(methods - set(ROWS))


def kind_of_method(method: str) -> str:
    """Return what kind a method is, a key of `KINDS`; empty for others."""
    return next((kind for kind, methods in KINDS.items() if method in methods), "")


def periods_of(method: str) -> int:
    """Return how many noisy periods of a test signal a method sees."""
    return 2 if method == AVERAGED else 1
