"""Reconstruction methods of the study, prepared or with given settings, behind one call."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, partial
from itertools import product
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from mpipipe.config.reconstruct import KaczmarzConfig
from mpipipe.config.reconstruction import Search, Solvers
from mpipipe.errors import InputError
from mpipipe.evaluation.metrics import psnr_db
from mpipipe.noise.signal_noise import add_noise
from mpipipe.reconstruction import admm, kaczmarz, plug_and_play
from mpipipe.reconstruction.factorisation import factorise
from mpipipe.reconstruction.kaczmarz_system import RowSystem, lay_out
from mpipipe.reconstruction.weighting import row_weights

Complex = npt.NDArray[np.complex64]
Images = npt.NDArray[np.float32]
Settings = Mapping[str, float]
Denoiser = Callable[[Images], Images]
Stopped = Callable[[Settings, list[int]], Iterator[Images]]
PENALTIES = {"ADMM_L1": "l1", "ADMM_TV": "tv", "ADMM_L1TV": "l1_tv"}


@dataclass(frozen=True)
class Measurement:
    """Signals of known images.

    Attributes
    ----------
    truth : (item, x, y) ndarray of float32
        Images.
    signal : (item, component) ndarray of complex64
        Noisy signals.
    noise_norm : (item,) ndarray of float64
        Expected norm of the noise of each.
    snr_db : float
        Their signal-to-noise ratio, in dB.
    """

    truth: Images
    signal: Complex
    noise_norm: npt.NDArray[np.float64]
    snr_db: float


def measure_images(matrix: Complex, images: Images, snr_db: float, rng: np.random.Generator) -> Measurement:
    """Return noisy signals ``b = A c + n`` of images (Peng 2024, equation 1)."""
    flat = matrix.reshape(len(matrix), -1)
    clean = np.asarray(images.reshape(len(images), -1) @ flat.T, np.complex64)
    return Measurement(images, *add_noise(clean, snr_db, rng), snr_db)


class Reconstructor(Protocol):
    """A method that is ready: images from signals."""

    def apply(
        self, signal: Complex, noise_norm: npt.NDArray[np.float64], snr_db: float
    ) -> tuple[Images, int | None]:
        """Return images ``(batch, x, y)`` of signals ``(batch, component)``, and the iterations, None without any."""
        ...


@dataclass(frozen=True)
class TunedSolver:
    """A solver with the settings that were best at the nearest noise level.

    Attributes
    ----------
    method : str
        Name.
    levels : mapping of float to Settings
        Settings by SNR in dB.
    solvers : Solvers
        Settings that are not tuned.
    matrix : (component, x, y) ndarray of complex64
        System matrix.
    denoiser : callable, optional
        Denoiser of PP-MPI.
    """

    method: str
    levels: Mapping[float, Settings]
    solvers: Solvers
    matrix: Complex
    denoiser: Denoiser | None = None

    def apply(
        self, signal: Complex, noise_norm: npt.NDArray[np.float64], snr_db: float
    ) -> tuple[Images, int | None]:
        """Reconstruct signals."""
        nearest = min(self.levels, key=lambda level: abs(level - snr_db))
        return self._run(signal, noise_norm, self.levels[nearest])

    @cached_property
    def _run(self) -> Callable[[Complex, npt.NDArray[np.float64], Settings], tuple[Images, int]]:
        return solver(self.method, self.solvers, self.matrix, self.denoiser)


@dataclass(frozen=True)
class TrainedNetwork:
    """A network that reconstructs signals of any noise level.

    Attributes
    ----------
    images_of : callable
        Maps signals ``(batch, component)`` to images ``(batch, x, y)``.
    """

    images_of: Callable[[Complex], Images]

    def apply(
        self, signal: Complex, noise_norm: npt.NDArray[np.float64], snr_db: float
    ) -> tuple[Images, int | None]:
        """Reconstruct signals; their noise is not asked for."""
        del noise_norm, snr_db
        return self.images_of(signal), None


def solver(
    method: str, solvers: Solvers, matrix: Complex, denoiser: Denoiser | None = None
) -> Callable[[Complex, npt.NDArray[np.float64], Settings], tuple[Images, int]]:
    """Return a function that solves signals with given settings; what is done once a matrix is done once.

    Parameters
    ----------
    method : str
        A method with settings: ART, ADMM_L1, ADMM_TV, ADMM_L1TV, PP-MPI or DIP.
    solvers : Solvers
        Settings that hold.
    matrix : (component, x, y) ndarray of complex64
        System matrix.
    denoiser : callable, optional
        Denoiser of PP-MPI.

    Raises
    ------
    InputError
        When the method has no settings, or PP-MPI no denoiser.
    """
    grid, flat = matrix.shape[1:], matrix.reshape(len(matrix), -1)

    def art(signal: Complex, _norm: npt.NDArray[np.float64], settings: Settings) -> tuple[Images, int]:
        config = solvers.art.model_copy(update=dict(settings))
        found = kaczmarz.solve(flat, signal, config, system=laid_out(config.model_dump_json()))
        return found.image.reshape(-1, *grid).astype(np.float32), found.iterations

    def split(signal: Complex, norm: npt.NDArray[np.float64], settings: Settings) -> tuple[Images, int]:
        config = solvers.admm.model_copy(update={**settings, "penalty": PENALTIES[method]})
        found = admm.solve(flat, signal, config, grid=grid, noise_norm=norm, system=factorised(config.scale))
        return found.image.reshape(-1, *grid).astype(np.float32), found.iterations

    def plugged(signal: Complex, norm: npt.NDArray[np.float64], settings: Settings) -> tuple[Images, int]:
        config = solvers.plug_and_play.model_copy(update=dict(settings))
        assert denoiser is not None
        found = plug_and_play.solve(
            flat, signal, config, denoiser, grid=grid, noise_norm=norm, system=factorised(config.scale)
        )
        return found.image.reshape(-1, *grid).astype(np.float32), found.iterations

    def prior(signal: Complex, norm: npt.NDArray[np.float64], settings: Settings) -> tuple[Images, int]:
        from mpipipe.reconstruction import deep_image_prior  # torch takes seconds to import

        config = solvers.image_prior.model_copy(update=dict(settings))
        found = deep_image_prior.solve(flat, signal, config, grid=grid, noise_norm=norm)
        return found.image.reshape(-1, *grid).astype(np.float32), found.iterations

    _check_denoiser(method, denoiser)
    factorised = cache(partial(factorise, flat))
    laid_out = cache(partial(_lay_out, flat))
    known = {"ART": art, **dict.fromkeys(PENALTIES, split), "PP-MPI": plugged, "DIP": prior}
    if method not in known:
        raise InputError(f"method: found {method!r}, expected one of {', '.join(known)}")
    return known[method]


def _check_denoiser(method: str, denoiser: Denoiser | None) -> None:
    if method == "PP-MPI" and denoiser is None:
        raise InputError("PP-MPI: found no denoiser, expected a trained one")


def _lay_out(flat: Complex, config: str) -> RowSystem:
    settings = KaczmarzConfig.model_validate_json(config)
    return lay_out(flat, row_weights(flat, settings.weighting, None), settings)


def candidates(method: str, search: Search) -> list[dict[str, float]]:
    """Return the settings that tuning tries: every combination of the method's values."""
    ball: dict[str, Sequence[float]] = {"noise_factor": search.noise_factor}
    shrunk: dict[str, Sequence[float]] = {"mu": search.admm_mu, "scale": search.admm_scale, **ball}
    grids: dict[str, dict[str, Sequence[float]]] = {
        "ART": {"regularization": search.art_regularization},
        "ADMM_L1": shrunk,
        "ADMM_TV": shrunk,
        "ADMM_L1TV": {"tv_share": search.tv_share, **shrunk},
        "PP-MPI": {
            "iterations": search.plug_and_play_iterations,
            "scale": search.plug_and_play_scale,
            **ball,
        },
        "DIP": {"iterations": search.image_prior_iterations},
    }
    names = list(grids[method])
    return [dict(zip(names, values, strict=True)) for values in product(*grids[method].values())]


def try_settings(
    method: str,
    tried: Sequence[Settings],
    solvers: Solvers,
    matrix: Complex,
    measured: Measurement,
    denoiser: Denoiser | None = None,
) -> Iterator[dict[str, Any]]:
    """Yield settings with their mean PSNR on measured images and the iterations that were run."""
    stopped = _stopped(method, solvers, matrix, measured, denoiser)
    if stopped is not None:
        yield from _try_stops(stopped, tried, measured)
        return
    run = solver(method, solvers, matrix, denoiser)
    for settings in tried:
        images, iterations = run(measured.signal, measured.noise_norm, settings)
        yield {
            "settings": dict(settings),
            "psnr_db": _mean_psnr_db(images, measured),
            "iterations": iterations,
        }


def _stopped(
    method: str, solvers: Solvers, matrix: Complex, measured: Measurement, denoiser: Denoiser | None
) -> Stopped | None:
    """Return a function that yields images after several numbers of iterations, None for methods that tune no number."""
    _check_denoiser(method, denoiser)
    grid, flat = matrix.shape[1:], matrix.reshape(len(matrix), -1)
    factorised = cache(partial(factorise, flat))

    def plugged(settings: Settings, stops: list[int]) -> Iterator[Images]:
        config = solvers.plug_and_play.model_copy(update=dict(settings))
        assert denoiser is not None
        for found in plug_and_play.solve_at(
            flat, measured.signal, config, denoiser,
            grid=grid, iterations=stops, noise_norm=measured.noise_norm, system=factorised(config.scale),
        ):  # fmt: skip
            yield found.image.reshape(-1, *grid).astype(np.float32)

    def prior(_settings: Settings, stops: list[int]) -> Iterator[Images]:
        from mpipipe.reconstruction import deep_image_prior  # torch takes seconds to import

        yield from deep_image_prior.prior_images(
            flat, measured.signal, solvers.image_prior, grid=grid, iterations=stops
        )

    return {"PP-MPI": plugged, "DIP": prior}.get(method)


def _try_stops(
    images_at: Stopped, tried: Sequence[Settings], measured: Measurement
) -> Iterator[dict[str, Any]]:
    """Yield settings as `try_settings` does; those that differ in the number of iterations alone share a run."""
    of = [
        (tuple((k, v) for k, v in one.items() if k != "iterations"), int(one["iterations"])) for one in tried
    ]
    scores: dict[Any, float] = {}
    for settings in dict.fromkeys(others for others, _ in of):
        stops = sorted({stop for others, stop in of if others == settings})
        for stop, images in zip(stops, images_at(dict(settings), stops), strict=True):
            scores[settings, stop] = _mean_psnr_db(images, measured)
    for one, key in zip(tried, of, strict=True):
        yield {"settings": dict(one), "psnr_db": scores[key], "iterations": key[1]}


def _mean_psnr_db(images: Images, measured: Measurement) -> float:
    return float(np.mean(psnr_db(images, measured.truth, peak=measured.truth.max(axis=(1, 2)))))
