"""Self-supervised training of a signal denoiser, resumable after a kill (section II.I)."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from mpipipe.config.recipe import digest
from mpipipe.config.signal_denoiser import CycleUNetConfig, SignalTraining
from mpipipe.errors import InputError
from mpipipe.networks.cycle_unet import LinearEstimate
from mpipipe.networks.signal_denoisers import build_signal_denoiser
from mpipipe.signals.subspace import NoisySubspace
from mpipipe.training.ahead import Ahead
from mpipipe.training.checkpoints import latest_checkpoint
from mpipipe.training.fit import StepClock, fit, supervised_card
from mpipipe.training.held_out_periods import LABEL, HeldOutPeriods
from mpipipe.training.pairs import Draw, PairStream
from mpipipe.training.signal_losses import SelfSupervisedLoss
from mpipipe.training.signal_pairs import (
    Noise2NoisePairs,
    RecorruptedPairs,
    Signals,
    check_noise_std,
    check_periods,
    normalised_pairs,
)
from mpipipe.training.steady_average import SteadyAverage
from mpipipe.training.supervised import SupervisedModule
from mpipipe.training.train import TrainedNetwork


def train_signal_denoiser(
    config: SignalTraining,
    periods: Signals,
    noise_std: npt.ArrayLike | None,
    *,
    validation: Signals,
    seed: int,
    cycles: int | None = None,
    checkpoint_dir: Path | None = None,
    accelerator: str = "auto",
    progress: bool = False,
) -> TrainedNetwork:
    """Train a network on noisy periods; no clean signal is given to it, nor to what chooses its weights.

    Each step draws pairs anew: the two periods of a scene in random order, or one of them recorrupted. The loss is
    `mpipipe.training.signal_losses.SelfSupervisedLoss`. The weights of the lowest
    `mpipipe.training.held_out_periods.held_out_loss` are kept.

    The result follows from configuration, data and seed: bit for bit on a CPU with the same number of threads, whether
    or not the training was interrupted.

    Parameters
    ----------
    config : SignalTraining
        Network, objective, loss and optimisation.
    periods : (item, 2, time) ndarray of float32
        Two noisy periods of each scene of the training split, with independent noise.
    noise_std : (item,) ndarray of float32, optional
        Standard deviation of their noise, in their unit; the objective ``recorrupted`` needs it.
    validation : (item, 2, time) ndarray of float32
        Two noisy periods of each scene of the validation split; with no scene, the last weights are kept.
    seed : int
        Seed of weights, order, noise and dropout.
    cycles : int, optional
        Cycles of the first drive frequency in a period; ``CycleUNet`` needs it.
    checkpoint_dir : Path, optional
        Folder of checkpoints; a training that finds its own there goes on from the newest that is whole.
    accelerator : str
        Lightning's accelerator: ``auto``, ``cpu`` or ``gpu``.
    progress : bool
        Show a progress bar.

    Returns
    -------
    TrainedNetwork
        Weights for `mpipipe.training.signal_apply.LearnedSignalDenoiser`, and a card.

    Raises
    ------
    InputError
        When arrays do not fit, are not finite or hold a constant period, the noise is needed and absent, the loss
        diverges, a GPU is asked for and absent, or the checkpoints belong to another training.
    """
    if accelerator == "gpu" and not torch.cuda.is_available():
        raise InputError("accelerator: found no GPU, expected one for 'gpu'; 'auto' or 'cpu' train without")
    stacked, draw = _drawn_from(config, periods, noise_std)
    held_out = check_periods("validation", validation)
    if held_out.shape[2] != stacked.shape[2]:
        raise InputError(
            f"validation: found {held_out.shape[2]} samples, expected the {stacked.shape[2]} of the training's periods"
        )
    seed += config.seed
    recipe = digest({"config": config.model_dump(mode="json"), "seed": seed})
    newest = latest_checkpoint(checkpoint_dir, recipe) if checkpoint_dir else None
    linear = _linear_estimate(config, periods, cycles)
    weight = None if linear is None else linear.weight
    loss = SelfSupervisedLoss(config.penalty, config.alpha, config.beta, weight)
    network = build_signal_denoiser(config.network, seed, linear=linear)
    module = SupervisedModule(network, loss, config, seed, recipe)
    stream = Ahead(PairStream(stacked, draw, config.batch, seed, newest.step if newest else 0))
    average = SteadyAverage(config.ema_decay) if config.ema_decay else None

    def judged() -> nn.Module:
        return average.network if average else module.network

    clock = StepClock()
    pairs = {LABEL: normalised_pairs(held_out)} if len(held_out) else {}
    best = HeldOutPeriods(judged, pairs, steps=config.steps, validate_every=config.validate_every)
    fit(
        module, stream, config, [average, clock, best] if average else [clock, best],
        checkpoint_dir=checkpoint_dir, newest=newest, accelerator=accelerator, progress=progress,
    )  # fmt: skip
    # Without validation the last weights are taken; a training that was at its end already has them too.
    weights = best.weights or judged().state_dict()
    return TrainedNetwork(
        {name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()},
        supervised_card(config, seed, module, best, clock, stream),
    )


def _drawn_from(
    config: SignalTraining, periods: Signals, noise_std: npt.ArrayLike | None
) -> tuple[Signals, Draw]:
    """Return what pairs are drawn from, and how."""
    stacked = check_periods("periods", periods)
    if not len(stacked):
        raise InputError("periods: found no scene, expected at least one")
    if config.objective == "noise2noise":
        return stacked, Noise2NoisePairs(mirror=config.mirror)
    # In units of the noise, which any normalisation by the signal's own root mean square takes out again.
    over_noise: Signals = (stacked / check_noise_std(noise_std, len(stacked))[:, None]).astype(np.float32)
    return over_noise, RecorruptedPairs(config.recorruption, mirror=config.mirror)


def _linear_estimate(config: SignalTraining, periods: Signals, cycles: int | None) -> LinearEstimate | None:
    """Return the linear estimate that a network corrects, found in the same noisy periods that it learns from."""
    if not isinstance(config.network, CycleUNetConfig):
        return None
    if cycles is None:
        raise InputError(f"cycles: found none, expected the number of drive cycles for {config.network.name}")
    rank = config.network.rank
    subspace = NoisySubspace.of(periods, rank)
    known = subspace.filter(rank, config.network.noise_factor)
    return LinearEstimate(
        basis=torch.from_numpy(known.basis),
        gain=torch.from_numpy(known.gain),
        weight=torch.from_numpy(subspace.frequency_weight()),
        cycles=torch.tensor(cycles),
    )
