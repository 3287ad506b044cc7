"""Job ``reconstruct``: images of a phantom from the true, the noisy and each restored system matrix."""

import logging
from pathlib import Path

import numpy as np

from mpipipe.cli.jobs.base import JobRecipe, finish, inputs_in
from mpipipe.cli.jobs.reading import background
from mpipipe.cli.jobs.restorers import open_restorer
from mpipipe.config.reconstruct import ReconstructConfig
from mpipipe.config.restoration import ObservationConfig
from mpipipe.storage.arrays import read_arrays, write_arrays
from mpipipe.studies.phantom import calibrate, noisy_signal, reconstruct_with_each

LOG = logging.getLogger(__name__)


class Recipe(JobRecipe):
    """Scene, methods by name with their artifacts, and solver."""

    name: str
    matrix_noise: float
    signal_noise: float
    observation: ObservationConfig
    methods: dict[str, str]
    denoiser: dict[str, str]
    reconstruct: ReconstructConfig


def run(recipe: Recipe, images: Path) -> None:
    """Write one image a matrix, with the λ that was best for it."""
    (path,) = inputs_in(recipe, "scene")
    scene, attributes = read_arrays(path)
    empty = background(recipe, "test")
    rng = np.random.default_rng(recipe.derive_seed("calibration", recipe.name))
    truth, channel, frequency = scene["system_matrix"], scene["channel"], scene["frequency"]
    calibration = calibrate(truth, channel, frequency, empty, recipe.matrix_noise, recipe.observation, rng)
    signal = noisy_signal(scene["signal"], empty.components(channel, frequency), recipe.signal_noise, rng)
    methods = {name: open_restorer(Path(artifact)) for name, artifact in recipe.methods.items()}
    first = [(name, open_restorer(Path(artifact))) for name, artifact in recipe.denoiser.items()]
    found = reconstruct_with_each(
        truth,
        calibration,
        methods,
        signal,
        scene["concentration"],
        recipe.reconstruct,
        first[0] if first else None,
    )
    rows = int((calibration.snr >= recipe.reconstruct.kaczmarz.snr_threshold).sum())
    LOG.info("%s: %d of %d rows pass the SNR threshold", recipe.name, rows, len(truth))
    for name, image in found.items():
        LOG.info("%s: PSNR %.2f dB at λ = %g", name, image.psnr_db, image.regularization)
    arrays = {f"image_{number}": image.image for number, image in enumerate(found.values())}
    described = {
        "names": list(found),
        "regularization": [image.regularization for image in found.values()],
        "psnr_db": [image.psnr_db for image in found.values()],
        "ssim": [image.ssim for image in found.values()],
        "observation": recipe.observation.model_dump(mode="json"),
        "denoiser": list(recipe.denoiser),
        "rows": rows,
        **attributes,
    }
    write_arrays(images, arrays | {"concentration": scene["concentration"]}, described)
    finish(images, recipe, described)
