"""Training of the reconstruction networks, and of the denoiser of PP-MPI, resumable after a kill."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from mpipipe.config.recipe import digest
from mpipipe.config.reconstructor_training import ReconstructorTraining
from mpipipe.config.reconstructors import ImageDenoiserConfig
from mpipipe.errors import InputError
from mpipipe.networks.dernet import DERnet
from mpipipe.networks.reconstructors import build_image_denoiser, build_reconstructor
from mpipipe.networks.tikhonov_start import hold_linear_part, start_from_tikhonov
from mpipipe.training.ahead import Ahead
from mpipipe.training.best_weights import BestWeights
from mpipipe.training.checkpoints import latest_checkpoint
from mpipipe.training.fit import StepClock, fit, supervised_card
from mpipipe.training.image_losses import loss_of
from mpipipe.training.normalised import NormalisedDenoiser, NormalisedReconstructor
from mpipipe.training.pairs import Complex, Draw, Images, NoisyImages, PairStream, SignalPairs, check_images
from mpipipe.training.steady_average import SteadyAverage
from mpipipe.training.supervised import Loss, SupervisedModule
from mpipipe.training.train import TrainedNetwork

VALIDATION_STREAM, EQUALISE_STREAM = 3, 4
EQUALISED_ON = 1000
"""Training images whose signals tell how strong the components are."""
VALIDATION_SNR_DB = (20.0, 25.0, 30.0, 35.0)


def train_reconstructor(
    config: ReconstructorTraining,
    matrix: Complex,
    images: Images,
    *,
    validation: Images,
    seed: int,
    validation_snr_db: Sequence[float] = VALIDATION_SNR_DB,
    checkpoint_dir: Path | None = None,
    accelerator: str = "auto",
    progress: bool = False,
) -> TrainedNetwork:
    """Train a network on noisy signals of images, with the mean square error (Peng 2024, section 2.3) or its logarithm.

    Signals are normalised by their largest modulus, and the network's images scaled back by it. On request each component
    is then divided by its root mean square over training signals, which is kept with the weights. The weights that are
    best on the validation split are kept: those of the highest PSNR, averaged over images and SNRs.

    The result follows from configuration, data and seed: bit for bit on a CPU with the same number of
    threads, whether or not the training was interrupted. It does not depend on the unit of the matrix.

    Parameters
    ----------
    config : ReconstructorTraining
        Network, noise and optimisation.
    matrix : (component, x, y) ndarray of complex64
        System matrix A.
    images : (item, x, y) ndarray of float32
        Training split, at least 0.
    validation : (item, x, y) ndarray of float32
        Images of the validation split; with none, the last weights are kept.
    seed : int
        Seed of weights, order, noise and dropout.
    validation_snr_db : sequence of float
        SNRs of the signals that are validated on, in dB; they are drawn once.
    checkpoint_dir : Path, optional
        Folder of checkpoints; a training that finds its own there goes on from the newest that is whole.
    accelerator : str
        Lightning's accelerator: ``auto``, ``cpu`` or ``gpu``.
    progress : bool
        Show a progress bar.

    Returns
    -------
    TrainedNetwork
        Weights for `mpipipe.training.reconstructor_apply.LearnedReconstructor`, and a card.

    Raises
    ------
    InputError
        When the network is a denoiser, images and matrix do not fit or are not finite, the loss diverges, a GPU is
        asked for and absent, or the checkpoints belong to another training.
    """
    draw = SignalPairs(matrix, config.snr_range_db)
    for name, part in (("images", images), ("validation", validation)):
        if part.shape[1:] != matrix.shape[1:]:
            raise InputError(
                f"{name}: found shape {part.shape}, expected (item, *{matrix.shape[1:]}) as in the matrix"
            )
    network = first_network(config, matrix, images, seed)
    draws = {f"{snr:g}": SignalPairs(matrix, (snr, snr)) for snr in validation_snr_db}
    return _train(
        config, network, loss_of(config), images, draw, validation, draws,
        seed=seed, checkpoint_dir=checkpoint_dir, accelerator=accelerator, progress=progress,
    )  # fmt: skip


def first_network(
    config: ReconstructorTraining, matrix: Complex, images: Images, seed: int
) -> NormalisedReconstructor:
    """Return a network as its training begins: with seeded weights, and equalised, started and held as configured.

    Parameters
    ----------
    config, matrix, images, seed
        As in `train_reconstructor`.

    Raises
    ------
    InputError
        As in `train_reconstructor`.
    """
    if isinstance(config.network, ImageDenoiserConfig):
        raise InputError(f"network: found {config.network.name}, expected one from signal to image")
    network = NormalisedReconstructor(
        build_reconstructor(config.network, matrix, seed + config.seed), len(matrix)
    )
    if config.equalise:
        some = check_images("images", images)[:EQUALISED_ON]
        draw = SignalPairs(matrix, config.snr_range_db)
        network.equalise(draw(some, np.random.default_rng([seed, EQUALISE_STREAM])).given)
    if config.start_regularizations is not None:
        dernet = network.network
        assert isinstance(dernet, DERnet)
        scale = network.component_scale.numpy()
        start_from_tikhonov(dernet, matrix, scale, config.start_regularizations)
        if config.hold_start:
            hold_linear_part(dernet)
    return network


def train_image_denoiser(
    config: ReconstructorTraining,
    images: Images,
    *,
    validation: Images,
    seed: int,
    checkpoint_dir: Path | None = None,
    accelerator: str = "auto",
    progress: bool = False,
) -> TrainedNetwork:
    """Train the denoiser of PP-MPI on images with white noise, with the mean absolute error (Askin et al., MLMIR 2022).

    Parameters
    ----------
    config : ReconstructorTraining
        Network, standard deviation of the noise and optimisation.
    images, validation, seed, checkpoint_dir, accelerator, progress
        As in `train_reconstructor`; each image is taken over its maximum.

    Returns
    -------
    TrainedNetwork
        Weights for `mpipipe.training.reconstructor_apply.NetworkDenoiser`, and a card.

    Raises
    ------
    InputError
        As in `train_reconstructor`, or when the network is no denoiser.
    """
    if not isinstance(config.network, ImageDenoiserConfig):
        raise InputError(f"network: found {config.network.name}, expected ImageDenoiser")
    draw = NoisyImages(config.noise_std)
    network = NormalisedDenoiser(build_image_denoiser(config.network, seed + config.seed))
    return _train(
        config, network, functional.l1_loss, images, draw, validation, {f"{config.noise_std:g}": draw},
        seed=seed, checkpoint_dir=checkpoint_dir, accelerator=accelerator, progress=progress,
    )  # fmt: skip


def _train(
    config: ReconstructorTraining,
    network: NormalisedReconstructor | NormalisedDenoiser,
    loss: Loss,
    images: Images,
    draw: Draw,
    validation: Images,
    validation_draws: Mapping[str, Draw],
    *,
    seed: int,
    checkpoint_dir: Path | None,
    accelerator: str,
    progress: bool,
) -> TrainedNetwork:
    if accelerator == "gpu" and not torch.cuda.is_available():
        raise InputError("accelerator: found no GPU, expected one for 'gpu'; 'auto' or 'cpu' train without")
    images = check_images("images", images)
    held_out = {}
    if len(validation):
        validation = check_images("validation", validation)
        for index, (label, fixed) in enumerate(validation_draws.items()):
            held_out[label] = fixed(validation, np.random.default_rng([seed, VALIDATION_STREAM, index]))
    seed += config.seed
    recipe = digest({"config": config.model_dump(mode="json"), "seed": seed})
    newest = latest_checkpoint(checkpoint_dir, recipe) if checkpoint_dir else None
    module = SupervisedModule(network, loss, config, seed, recipe)
    stream = Ahead(PairStream(images, draw, config.batch, seed, newest.step if newest else 0))
    average = SteadyAverage(config.ema_decay) if config.ema_decay else None

    def judged() -> nn.Module:
        return average.network if average else module.network

    clock = StepClock()
    best = BestWeights(judged, held_out, steps=config.steps, validate_every=config.validate_every)
    callbacks = [average, clock, best] if average else [clock, best]
    fit(
        module, stream, config, callbacks,
        checkpoint_dir=checkpoint_dir, newest=newest, accelerator=accelerator, progress=progress,
    )  # fmt: skip
    # Without validation the last weights are taken; a training that was at its end already has them too.
    weights = best.weights or judged().state_dict()
    card = supervised_card(config, seed, module, best, clock, stream)
    return TrainedNetwork(
        {name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}, card
    )
