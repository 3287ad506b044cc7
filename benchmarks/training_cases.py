"""The networks that the studies train, each with the path its batches take, on small made-up data of the studies' sizes.

System matrices are simulated and written as a part of an ensemble, so that batches of the restoration study come out of
Zarr. Its grids have the sizes whose voxels are the mean of those that are sampled. What the other studies hold in memory
is drawn at random: it does not matter for the speed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from lightning.pytorch.callbacks import Callback
from torch.nn import functional

import mpipipe as mp
from mpipipe.config.deblurrer import DataConsistentConfig
from mpipipe.config.optimisation import Optimisation
from mpipipe.config.params import Params
from mpipipe.config.reconstructors import ImageDenoiserConfig
from mpipipe.config.signal_denoiser import CycleUNetConfig
from mpipipe.config.train import TrainConfig
from mpipipe.networks.cycle_unet import LinearEstimate
from mpipipe.networks.data_consistent import KnownBlur
from mpipipe.networks.deblurrers import build_deblurrer
from mpipipe.networks.perceptual import PerceptualLoss, build_features
from mpipipe.networks.reconstructors import build_image_denoiser
from mpipipe.networks.signal_denoisers import build_signal_denoiser
from mpipipe.noise.background import synthesise_background
from mpipipe.noise.series import BackgroundSeries
from mpipipe.reconstruction.blur import Blur
from mpipipe.signals.subspace import NoisySubspace
from mpipipe.storage.ensemble import EnsembleReader, StoredMatrix, write_part
from mpipipe.storage.manifest import write_manifest
from mpipipe.training.averaging import ExponentialAverage
from mpipipe.training.collinear_pairs import CollinearPairs, stack_pairs, typical_maximum
from mpipipe.training.data import ComponentBatches
from mpipipe.training.deblurrer_apply import NormalisedDeblurrer
from mpipipe.training.image_losses import loss_of
from mpipipe.training.module import RestorationModule
from mpipipe.training.normalised import NormalisedDenoiser
from mpipipe.training.pairs import NoisyImages, PairStream, SignalPairs
from mpipipe.training.reconstructor_train import first_network
from mpipipe.training.signal_losses import SelfSupervisedLoss
from mpipipe.training.signal_pairs import Noise2NoisePairs, RecorruptedPairs
from mpipipe.training.steady_average import SteadyAverage
from mpipipe.training.supervised import SupervisedModule

Complex = npt.NDArray[np.complex64]
Batches = ComponentBatches | PairStream

COMPONENTS, CHUNK = 256, 64
MEAN_GRID = {"lissajous_2d": (22, 22), "lissajous_2d_fine": (44, 44), "lissajous_3d": (22, 22, 22)}
DIVIDERS = {2: (102, 96, 99), 3: (16, 12, 14)}
"""Of the simulated matrices; in space a short period, since only the grid matters here."""
RESTORERS = (
    ("denoising_2d", "DnCNN"),
    ("denoising_2d", "RDN"),
    ("denoising_2d", "SwinIR"),
    ("denoising_3d", "DnCNN"),
    ("denoising_3d", "RDN"),
    ("accelerated_calibration", "SMRnet"),
    ("upsampling_x2", "SMRnet (spline residual)"),
    ("inpainting", "PConvUNet"),
)
RECONSTRUCTORS = ("DERnet", "DERnet (Tikhonov start)", "ADMM-Net", "PP-MPI")
DEBLURRERS = ("Network", "Network (data consistency)")
SIGNAL_DENOISERS = ("N2N", "R2R", "Proposed", "Proposed (folded)")


@dataclass(frozen=True)
class Case:
    """A network in training.

    Attributes
    ----------
    name : str
        Study's problem and name of the network.
    config : TrainConfig or Optimisation
        Batch and precision.
    module : callable
        Builds network, loss and optimiser from a configuration.
    batches : callable
        Opens the stream of batches; the same seed, so that each gives the same.
    averages : callable
        Callbacks that are part of each step.
    steps : int
        Steps after which the stream has read what it needs for them, neither more nor less.
    """

    name: str
    config: TrainConfig | Optimisation
    module: Callable[[Any], Any]
    batches: Callable[[], Batches]
    averages: Callable[[], list[Callback]]
    steps: int


def cases(params: Params, folder: Path) -> Iterator[Case]:
    """Yield the networks of a parameter file one by one; ensembles are written to a folder."""
    for problem, name in RESTORERS:
        yield restorer(params, problem, name, folder)
    matrix = calibration(params)
    for name in RECONSTRUCTORS:
        yield reconstructor(params, name, matrix)
    for name in DEBLURRERS:
        yield deblurrer(params, name)
    for name in SIGNAL_DENOISERS:
        yield signal_denoiser(params, name)


# -------------------------------------------------------------------------------------------------- restoration


def restorer(params: Params, problem: str, name: str, folder: Path) -> Case:
    """Return a network of the restoration study, fed from Zarr."""
    ensemble = params.restoration.problems[problem].ensemble
    dimension = params.sample.ensembles[ensemble].dimension
    given = params.train[problem][name]
    # As many chunks in the shuffle buffer as a round uses up: each component is read once, as in a long training.
    steps = max(2, CHUNK // given.batch)
    config = given.model_copy(update={"buffer_chunks": max(1, steps * given.batch // CHUNK)})
    source = EnsembleReader([part(params, ensemble, folder)])
    background = empty_frames(params, dimension)
    return Case(
        f"{problem}: {name}",
        config,
        lambda own: RestorationModule(own, dimension, 0, ""),
        lambda: ComponentBatches(source, background, config, 0),
        lambda: [ExponentialAverage(config.ema_decay)],
        steps,
    )


def part(params: Params, ensemble: str, folder: Path) -> Path:
    """Return the part of an ensemble, which is written when it is not there yet."""
    path, size = folder / f"{ensemble}.zarr", params.sample.ensembles[ensemble]
    if not path.exists():
        largest = size.grid_limits(params.sample.calibration)[1]
        write_part(path, [stored_matrix(MEAN_GRID[ensemble])], (largest,) * size.dimension)
        write_manifest(path, {}, {})
    return path


def stored_matrix(grid: tuple[int, ...]) -> StoredMatrix:
    """Return components of a simulated system matrix."""
    drive = (12.0, 12.0, 12.0 if len(grid) == 3 else 0.0)
    scanner = mp.Scanner(drive_amplitude_mT=drive, divider=DIVIDERS[len(grid)])
    simulated = mp.simulate_system_matrix(
        scanner, mp.Particle(), mp.Grid(shape=grid, field_of_view_mm=(24.0,) * len(grid))
    )
    values = simulated.values.reshape(-1, *grid)
    # As many as the studies store of a matrix; a short period has fewer, which then come again.
    kept = np.resize(np.flatnonzero(np.isfinite(values).reshape(len(values), -1).all(axis=1)), COMPONENTS)
    channel, frequency = np.divmod(kept.astype(np.int32), simulated.shape[1])
    return StoredMatrix(values[kept], channel, frequency, 0, {})


def empty_frames(params: Params, dimension: int) -> BackgroundSeries:
    """Return a background of the length that the study has, with few frequencies."""
    config = params.background
    frames = config.num_frames if dimension == 2 else config.num_frames_3d
    return BackgroundSeries(synthesise_background(config, frames, 3, 16, np.random.default_rng(0)), 1000)


# -------------------------------------------------------------------------------------------------- pairs


def supervised(name: str, config: Optimisation, module: Callable[[Any], Any], stream: PairStream) -> Case:
    """Return a network that is trained on pairs."""
    averages = [SteadyAverage] if config.ema_decay else []
    steps = max(4, CHUNK // config.batch)
    return Case(
        name, config, module, lambda: stream, lambda: [of(config.ema_decay) for of in averages], steps
    )


def calibration(params: Params) -> Complex:
    """Return the reconstruction study's 2-D system matrix, its strongest components."""
    of = params.reconstruction.calibrations["openmpi"]
    simulated = mp.simulate_system_matrix(of.scanner, of.particle, of.grid)
    values = np.nan_to_num(simulated.values).reshape(-1, *of.grid.shape)
    order = np.argsort(-np.linalg.norm(values.reshape(len(values), -1), axis=1))
    return np.ascontiguousarray(values[np.sort(order[: of.components])], np.complex64)


def reconstructor(params: Params, name: str, matrix: Complex) -> Case:
    """Return a network of the reconstruction study, fed with noisy signals of images."""
    config = params.reconstruction.training[name]
    images = np.random.default_rng(0).random((1000, *matrix.shape[1:]), np.float32)
    if isinstance(config.network, ImageDenoiserConfig):
        draw, loss = NoisyImages(config.noise_std), functional.l1_loss
        network = NormalisedDenoiser(build_image_denoiser(config.network, 0))
    else:
        draw, loss = SignalPairs(matrix, config.snr_range_db), loss_of(config)
        network = first_network(config, matrix, images, 0)
    return supervised(
        f"reconstruction: {name}",
        config,
        lambda own: SupervisedModule(network, loss, own, 0, ""),
        PairStream(images, draw, config.batch, 0),
    )


def deblurrer(params: Params, name: str) -> Case:
    """Return a network of the deblurring study, fed with collinear images and gridded noise."""
    study = params.deblurring
    config, of = study.training[name], study.acquisition
    rng = np.random.default_rng(0)
    images = 1 + rng.random((64, 2, *of.grid.shape), np.float32)
    stacked = stack_pairs(rng.random((64, *of.grid.shape), np.float32), images)
    unit, known = typical_maximum(stacked), None
    if isinstance(config.network, DataConsistentConfig):
        blur = Blur.configured(study.solvers.blur, of.particle, of.scanner, of.grid)
        known = KnownBlur(torch.from_numpy(blur.transfer), torch.from_numpy(blur.weight.copy()))
    loss = PerceptualLoss(
        build_features(config.perceptual), config.perceptual.pixel_weight, config.perceptual.perceptual_weight
    )
    network = NormalisedDeblurrer(build_deblurrer(config.network, 0, known), unit)
    draw = CollinearPairs(rng.standard_normal(images.shape, np.float32), 0.1, unit, augment=config.augment)
    return supervised(
        f"deblurring: {name}",
        config,
        lambda own: SupervisedModule(network, loss, own, 0, ""),
        PairStream(stacked, draw, config.batch, 0),
    )


def signal_denoiser(params: Params, name: str) -> Case:
    """Return a network of the signal-denoising study, fed with pairs of noisy periods."""
    config = params.signal_denoising.problems["gaussian"].networks[name]
    scanner = params.signal_denoising.xspace.scanner
    periods = np.random.default_rng(0).standard_normal((256, 2, scanner.samples), np.float32)
    draw = Noise2NoisePairs(mirror=config.mirror)
    if config.objective == "recorrupted":
        draw = RecorruptedPairs(config.recorruption, mirror=config.mirror)
    linear = None
    if isinstance(config.network, CycleUNetConfig):
        subspace = NoisySubspace.of(periods, config.network.rank)
        known = subspace.filter(config.network.rank, config.network.noise_factor)
        linear = LinearEstimate(
            torch.from_numpy(known.basis),
            torch.from_numpy(known.gain),
            torch.from_numpy(subspace.frequency_weight()),
            torch.tensor(scanner.harmonic[0]),
        )
    loss = SelfSupervisedLoss(
        config.penalty, config.alpha, config.beta, None if linear is None else linear.weight
    )
    network = build_signal_denoiser(config.network, 0, linear=linear)
    return supervised(
        f"signal denoising: {name}",
        config,
        lambda own: SupervisedModule(network, loss, own, 0, ""),
        PairStream(periods, draw, config.batch, 0),
    )
