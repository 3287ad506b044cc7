"""Job ``train_deblurrer``: train a deblurring network at one SNR on the windows of one scene."""

import logging
from pathlib import Path

from mpipipe.cli.jobs.base import JobRecipe, finish
from mpipipe.cli.jobs.deblurring_data import read_noise, read_peak, read_windows
from mpipipe.config.deblurrer import DataConsistentConfig, DeblurrerTraining, PerceptualConfig
from mpipipe.config.deblurring import LEARNED_FROM, Acquisition, LearnedDeblurring
from mpipipe.config.deconvolution import BlurConfig
from mpipipe.config.recipe import digest
from mpipipe.networks.perceptual import FixedFeatures, build_features
from mpipipe.reconstruction.blur import Blur
from mpipipe.storage.atomic import remove
from mpipipe.storage.perceptual_weights import read_vgg16_filters, read_vgg16_source
from mpipipe.storage.weights import write_weights
from mpipipe.studies.xspace_scan import noisy
from mpipipe.training.deblurrer_train import train_deblurrer

LOG = logging.getLogger(__name__)
VALIDATION_WINDOWS = 100


class Recipe(JobRecipe):
    """Network, SNR and training."""

    method: LearnedDeblurring
    train_snr: float
    repeat: int
    training: DeblurrerTraining
    acquisition: Acquisition
    blur: BlurConfig


def run(recipe: Recipe, weights: Path) -> None:
    """Write the weights that are best on windows of a scene that training never sees, with noise of the same SNR."""
    windows, peak = read_windows(recipe, LEARNED_FROM[recipe.method]), read_peak(recipe)
    held_out = read_windows(recipe, "val")
    noise = read_noise(recipe, "val")
    count = min(VALIDATION_WINDOWS, len(held_out.truth))
    seen = noisy(held_out.collinear[:count], noise[:count], peak, recipe.train_snr)
    checkpoints = Path("checkpoints", digest(recipe.model_dump(mode="json")))
    LOG.info("%s at an SNR of %g: %d windows", recipe.method, recipe.train_snr, len(windows.truth))
    trained = train_deblurrer(
        recipe.training,
        windows.truth,
        windows.collinear,
        read_noise(recipe, "train"),
        peak / recipe.train_snr,
        validation=(held_out.truth[:count], seen),
        seed=recipe.derive_seed("train", recipe.method, str(recipe.train_snr), recipe.repeat) % 2**31,
        features=_features(recipe.training.perceptual),
        blur=_known_blur(recipe),
        checkpoint_dir=checkpoints,
    )
    write_weights(weights, trained.weights)
    described = {
        "method": recipe.method,
        "train_snr": recipe.train_snr,
        "perceptual": _described(recipe.training.perceptual),
        "card": trained.card,
    }
    finish(weights, recipe, described)
    remove(checkpoints)


def _features(config: PerceptualConfig) -> FixedFeatures:
    """Return the features of the perceptual loss; VGG16's filters are read from the file that the configuration names."""
    return build_features(config, read_vgg16_filters(Path(config.weights)) if config.weights else None)


def _described(config: PerceptualConfig) -> str:
    """Return which features ran, VGG16's with the digest of the file that they come from."""
    if config.source != "vgg16" or config.weights is None:
        return config.described
    return f"{config.described}, SHA-256 {(read_vgg16_source(Path(config.weights)) or 'unknown')[:16]}"


def _known_blur(recipe: Recipe) -> Blur | None:
    """Return the forward model for a network that knows it."""
    if not isinstance(recipe.training.network, DataConsistentConfig):
        return None
    of = recipe.acquisition
    return Blur.configured(recipe.blur, of.particle, of.scanner, of.grid)
