"""What each section of params.yaml means to the DAG: the jobs whose own recipe holds it, written down by hand.

Jobs that only read what those make are not named; the graph gives them.
"""

FIGURES = "figures reconstruction_figures deblurring_figures signal_denoising_figures inversion_figures"

RESTORATION = {
    # Tables state how matrices were drawn; a count of matrices is in whatever reads the parts of an ensemble.
    "sample.particle": "sample figures",
    "sample.scanner": "sample figures background",  # the base frequency and the divider give the band of the noise
    "sample.calibration": "sample figures simulate",
    "sample.ensembles": "sample figures simulate background train baseline evaluate examples robustness",
    "simulate": "simulate scene robustness background",
    "background": "background calibration phantom",
    "scene": "scene reconstruct",
    # A repeated training is one more row of the table.
    "train": "train evaluate metrics",
    "baseline": "baseline",
    "reconstruct": "reconstruct",
    "evaluate.size_bin_edges": "evaluate",
    "evaluate.examples": "examples reconstruction_examples",
    "figures": FIGURES,
    "restoration.problems": "train baseline evaluate examples metrics reconstruct robustness figures",
    "restoration.phantoms": "reconstruct figures",
    "restoration.robustness": "robustness figures",
}
RECONSTRUCTION = {
    "digits": "digits",
    "images": "digits tune_solver score_reconstructor timing",
    "calibrations": "calibration phantom digits",
    "methods": "metrics reconstruction_examples phantom_images timing",
    "signal_noise": "train_reconstructor tune_solver score_reconstructor reconstruction_examples timing",
    "training": "train_reconstructor score_reconstructor metrics",
    "solvers": "tune_solver score_reconstructor reconstruction_examples phantom_images timing",
    "search": "tune_solver",
    "phantoms": "phantom phantom_images",
    "timing": "timing",
}
SCORED = "score_deblurrer score_deconvolution"
DEBLURRING = {
    "acquisition": "coded_scene scan_scene gridded_noise scan_phantoms train_deblurrer tune_deconvolution"
    " score_deconvolution deblurred_phantoms",
    "scene": "coded_scene scan_scene",
    "windows": "scan_scene gridded_noise tune_deconvolution",
    "methods": "deblurred_phantoms metrics",
    "train_snr": "train_deblurrer score_deblurrer deblurred_phantoms metrics",
    "test_snr": f"{SCORED} tune_deconvolution deblurred_phantoms",
    "repeats": f"{SCORED} gridded_noise",
    "further_repeats": SCORED,
    "phantoms": "scan_phantoms",
    "shown_snr": "deblurred_phantoms",
    "training": "train_deblurrer score_deblurrer metrics",
    # A network with data consistency holds the settings of a solver.
    "solvers": "tune_deconvolution score_deconvolution deblurred_phantoms train_deblurrer",
    "search": "tune_deconvolution",
}
SIGNALS = "noisy_periods signal_filters train_signal_denoiser score_signal_denoisers"
SIGNAL_DENOISING = {
    "xspace": f"{SIGNALS} signal_examples digits",
    "system_function": f"{SIGNALS} noise_free_matrix denoised_matrices",
    "digits": "digits",
    "scenes": "digits noisy_periods",
    "positions": "noisy_periods",
    "problems": f"{SIGNALS} signal_examples denoised_matrices",
    "search": "signal_filters",
    "gridding": "score_signal_denoisers signal_examples",
    "matrix": "denoised_matrices digits",
    "examples": "signal_examples",
}
INVERSION = {
    "line": "lines tune_line_inverses score_line_inverses",
    "scenes": "lines",
    "training": "train_perceptron score_line_inverses line_patterns",
    "sweeps": "train_perceptron score_line_inverses line_patterns",
    "search": "tune_line_inverses",
    "snr_db": "tune_line_inverses score_line_inverses",
    "shown_units": "line_patterns",
}
STUDIES = {
    "reconstruction": RECONSTRUCTION,
    "deblurring": DEBLURRING,
    "signal_denoising": SIGNAL_DENOISING,
    "inversion": INVERSION,
}
# Real data and the way they are read: no job of the DAG knows of them.
OUTSIDE = {"measured_dir": "", "measured_mdf": ""}
# The tables of these studies print every setting, so each of their figure jobs holds the whole section.
MEANING = {
    **OUTSIDE,
    **RESTORATION,
    **{
        f"{study}.{section}": f"{jobs} {study}_figures"
        for study, sections in STUDIES.items()
        for section, jobs in sections.items()
    },
}
