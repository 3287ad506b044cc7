"""Training of the deblurring network, resumable after a kill (Ergun 2022, section II.II)."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from mpipipe.config.deblurrer import DeblurrerTraining
from mpipipe.config.recipe import digest
from mpipipe.errors import InputError
from mpipipe.networks.data_consistent import KnownBlur
from mpipipe.networks.deblurrers import build_deblurrer
from mpipipe.networks.perceptual import FixedFeatures, PerceptualLoss, build_features
from mpipipe.reconstruction.blur import Blur
from mpipipe.training.ahead import Ahead
from mpipipe.training.best_weights import BestWeights, HeldOut
from mpipipe.training.checkpoints import latest_checkpoint
from mpipipe.training.collinear_pairs import CollinearPairs, normalised_pairs, stack_pairs, typical_maximum
from mpipipe.training.deblurrer_apply import NormalisedDeblurrer
from mpipipe.training.fit import StepClock, fit, supervised_card
from mpipipe.training.pairs import PairStream
from mpipipe.training.steady_average import SteadyAverage
from mpipipe.training.supervised import SupervisedModule
from mpipipe.training.train import TrainedNetwork

Images = npt.NDArray[np.float32]


def train_deblurrer(
    config: DeblurrerTraining,
    truth: Images,
    collinear: Images,
    noise: Images,
    sigma: float,
    *,
    validation: tuple[Images, Images],
    seed: int,
    features: FixedFeatures | None = None,
    blur: Blur | None = None,
    checkpoint_dir: Path | None = None,
    accelerator: str = "auto",
    progress: bool = False,
) -> TrainedNetwork:
    """Train a network from collinear images with noise to the particle distribution.

    Each step draws noise anew. Input and target are normalised by the noisy images (eq. 1); the loss is that of
    `mpipipe.networks.perceptual.PerceptualLoss`. The weights of the highest mean PSNR on the validation split are kept,
    with the maximum of each truth as its peak and negative values set to zero (eqs. 2 and 3).

    The result follows from configuration, data and seed: bit for bit on a CPU with the same number of threads, whether
    or not the training was interrupted.

    Parameters
    ----------
    config : DeblurrerTraining
        Network, loss and optimisation.
    truth : (item, x, y) ndarray of float32
        Concentrations of the training split, at least 0.
    collinear : (item, 2, x, y) ndarray of float32
        Their images of the 45° and the 135° partition without noise, in m.
    noise : (field, 2, x, y) ndarray of float32
        Gridded noise of unit variance on the samples.
    sigma : float
        Standard deviation of the noise on the samples.
    validation : (ndarray, ndarray) of float32
        Concentrations (item, x, y) and collinear images with noise (item, 2, x, y) of the validation split. Those without
        particles have no PSNR and are left out; with none, the last weights are kept.
    seed : int
        Seed of weights, order, noise and dropout.
    features : FixedFeatures, optional
        Features of the perceptual loss; by default they are built from the configuration, which VGG16's cannot be.
    blur : Blur, optional
        Forward model of the images, which ``DataConsistent`` needs.
    checkpoint_dir : Path, optional
        Folder of checkpoints; a training that finds its own there goes on from the newest that is whole.
    accelerator : str
        Lightning's accelerator: ``auto``, ``cpu`` or ``gpu``.
    progress : bool
        Show a progress bar.

    Returns
    -------
    TrainedNetwork
        Weights for `mpipipe.training.deblurrer_apply.LearnedDeblurrer`, and a card.

    Raises
    ------
    InputError
        When arrays do not fit or are not finite, VGG16 is named and not given, the loss diverges, a GPU is asked for
        and absent, or the checkpoints belong to another training.
    """
    if accelerator == "gpu" and not torch.cuda.is_available():
        raise InputError("accelerator: found no GPU, expected one for 'gpu'; 'auto' or 'cpu' train without")
    stacked = stack_pairs(truth, collinear)
    if np.shape(noise)[1:] != np.shape(collinear)[1:]:
        raise InputError(
            f"noise: found shape {np.shape(noise)}, expected (field, *{np.shape(collinear)[1:]}) of the collinear images"
        )
    unit = typical_maximum(stacked)
    draw = CollinearPairs(noise, sigma, unit, augment=config.augment)
    held_out = _held_out(*validation, unit, f"{sigma:g}")
    loss_config = config.perceptual
    loss = PerceptualLoss(
        features or build_features(loss_config), loss_config.pixel_weight, loss_config.perceptual_weight
    )
    seed += config.seed
    recipe = digest({"config": config.model_dump(mode="json"), "sigma": float(sigma), "seed": seed})
    newest = latest_checkpoint(checkpoint_dir, recipe) if checkpoint_dir else None
    known = None if blur is None else _known(blur, unit)
    network = NormalisedDeblurrer(build_deblurrer(config.network, seed, known), unit)
    module = SupervisedModule(network, loss, config, seed, recipe)
    stream = Ahead(PairStream(stacked, draw, config.batch, seed, newest.step if newest else 0))
    average = SteadyAverage(config.ema_decay) if config.ema_decay else None

    def judged() -> nn.Module:
        return average.network if average else module.network

    clock = StepClock()
    best = BestWeights(judged, held_out, steps=config.steps, validate_every=config.validate_every)
    fit(
        module, stream, config, [average, clock, best] if average else [clock, best],
        checkpoint_dir=checkpoint_dir, newest=newest, accelerator=accelerator, progress=progress,
    )  # fmt: skip
    # Without validation the last weights are taken; a training that was at its end already has them too.
    weights = best.weights or judged().state_dict()
    card = supervised_card(config, seed, module, best, clock, stream)
    return TrainedNetwork(
        {name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()},
        card | {"perceptual": config.perceptual.described, "sigma": float(sigma)},
    )


def _known(blur: Blur, unit: float) -> KnownBlur:
    """Return the blur between the network's units: of concentrations over unit and scale, and of images over the scale."""
    return KnownBlur(torch.from_numpy(blur.transfer * np.float32(unit)), torch.from_numpy(blur.weight.copy()))


def _held_out(truth: Images, collinear: Images, unit: float, label: str) -> HeldOut:
    if not len(truth):
        return {}
    stacked = stack_pairs(truth, collinear)
    judged = stacked[stacked[:, 0].any(axis=(1, 2))]
    return {label: normalised_pairs(judged[:, 0], judged[:, 1:], unit)} if len(judged) else {}
