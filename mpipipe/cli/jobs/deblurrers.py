"""Prepared methods of the deblurring study, ready to be applied."""

from math import inf
from pathlib import Path

from mpipipe.config.deblurring import Acquisition
from mpipipe.config.deconvolution import DeconvolutionConfig
from mpipipe.reconstruction.blur import Blur
from mpipipe.storage.manifest import manifest_path, read_manifest
from mpipipe.storage.tables import read_json
from mpipipe.studies.deblurring_scores import Deblurrer
from mpipipe.studies.deconvolution import Deconvolution


def open_network(weights: Path) -> Deblurrer:
    """Return a trained network; it is not told the SNR."""
    # Classical methods do without torch, which takes seconds to import.
    from mpipipe.config.deblurrer import DeblurrerTraining
    from mpipipe.storage.weights import read_weights
    from mpipipe.training.deblurrer_apply import LearnedDeblurrer

    training = DeblurrerTraining.model_validate(read_manifest(manifest_path(weights)).recipe["training"])
    network = LearnedDeblurrer(read_weights(weights), training)
    return lambda images, _snr: network.apply(images)


def open_deconvolution(tuned: Path, config: DeconvolutionConfig, blur: Blur) -> Deconvolution:
    """Return a classical method with its tuned settings."""
    written = read_json(tuned)
    levels = {inf if one["test_snr"] is None else one["test_snr"]: one["best"] for one in written["levels"]}
    return Deconvolution(written["method"], levels, config, blur)


def prepare_blur(acquisition: Acquisition, config: DeconvolutionConfig) -> Blur:
    """Return the forward model of an acquisition's collinear images."""
    return Blur.configured(config.blur, acquisition.particle, acquisition.scanner, acquisition.grid)
