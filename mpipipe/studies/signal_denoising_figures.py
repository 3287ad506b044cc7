"""The signal denoising study's figures of signals and images, pure functions of arrays (figures 2 and 3 of the paper)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mpipipe.errors import InputError
from mpipipe.evaluation.captions import Provenance, conventions, figure_caption
from mpipipe.evaluation.component_axes import extent_of
from mpipipe.evaluation.image_blocks import BlockImage, ImageBlock, image_blocks
from mpipipe.evaluation.metrics import psnr_db, snr_db
from mpipipe.evaluation.placed_image import Scale
from mpipipe.evaluation.signal_panel import SignalRow, signal_panel
from mpipipe.evaluation.spectrum_figure import ErrorSpectra, spectrum_figure
from mpipipe.evaluation.tables import format_number
from mpipipe.studies.result import ResultFigure
from mpipipe.studies.signal_denoising_methods import PROBLEMS, SHOWN, in_rows
from mpipipe.studies.signal_denoising_plan import STUDY
from mpipipe.studies.signal_methods import AVERAGED, NOISE_FREE, NOISY

Arrays = Mapping[str, npt.NDArray[Any]]
Described = Mapping[str, Any]

STRETCH_US = 160.0
"""Four cycles of the fast drive field."""


def denoised_figure(
    arrays: Arrays,
    described: Described,
    problem: str,
    provenance: Provenance,
    *,
    item: int = 0,
    methods: Sequence[str] = SHOWN,
) -> ResultFigure:
    """Return the figure ``denoised_<problem>``: signals and images of one test scene (figure 2 of the paper).

    Parameters
    ----------
    arrays : mapping of ndarray
        ``clean`` and ``noisy`` ``(item, time)`` and ``signals`` ``(method, item, time)`` in m²/s, one whole period;
        ``clean_images`` and ``noisy_images`` ``(item, x, y)`` and ``images`` ``(method, item, x, y)``.
    described : mapping
        ``methods`` (names along the first axis of ``signals``), ``sampling_rate_Hz`` and ``field_of_view_mm``.
    problem : str
        One of `PROBLEMS`.
    provenance : Provenance
        Run.
    item : int
        Test scene that is shown.
    methods : sequence of str
        Methods that are shown, as far as there are any.

    Raises
    ------
    InputError
        When there is no such item, or shapes do not fit.
    """
    count = len(arrays["clean"])
    if not 0 <= item < count:
        raise InputError(f"item: found {item}, expected one of {count}")
    clean, image = arrays["clean"][item], arrays["clean_images"][item]
    signals = {name: signal[item] for name, signal in _named(arrays, described, "noisy", "signals").items()}
    images = {name: one[item] for name, one in _named(arrays, described, "noisy_images", "images").items()}
    rate = float(described["sampling_rate_Hz"])
    stretch = strongest_stretch(clean, round(1e-6 * STRETCH_US * rate))
    rows = [
        SignalRow(
            name,
            signals[name][stretch],
            images[name],
            float(snr_db(signals[name][None], clean[None])[0]),
            _psnr(images[name], image),
        )
        for name in _chosen(signals, methods)
    ]
    time_us = 1e6 / rate * np.arange(stretch.start, stretch.stop)
    truth = SignalRow(NOISE_FREE, clean[stretch], image)
    figure = signal_panel(truth, rows, time_us, extent_of(described["field_of_view_mm"]), provenance)
    text = (
        f"{PROBLEMS[problem]}: test scene {item}, {time_us[-1] - time_us[0]:.0f} μs around the largest noise-free signal, over "
        "the noise-free signal in grey; its error; the x-space image from the whole period, over the maximum of the noise-free "
        "image, and its error. Rows share their scales, which are chosen for denoised signals: what is larger is cut. "
        f"{_periods(row.method for row in rows)} SNR is that of the whole period, and the true image of the PSNR is that of the "
        "noise-free signal. "
        f"{conventions(STUDY, ('snr_db', 'psnr_db'))}"
    )
    title = f"Denoised signals: {PROBLEMS[problem]}"
    return ResultFigure(f"denoised_{problem}", title, figure, figure_caption(text, provenance))


def harmonics_figure(
    arrays: Arrays, described: Described, provenance: Provenance, *, methods: Sequence[str] = SHOWN
) -> ResultFigure:
    """Return the figure ``harmonics``: components of the system matrix, denoised by each method (figure 3 of the paper).

    Parameters
    ----------
    arrays : mapping of ndarray
        ``harmonics`` ``(matrix, harmonic, x, y)`` complex64, spectra of the signals of all positions.
    described : mapping
        ``matrices`` (names along the first axis: `NOISE_FREE`, and methods), ``harmonics`` (numbers, multiples of the first
        drive frequency), ``frequency_kHz`` of each and ``field_of_view_mm``.
    provenance : Provenance
        Run.
    methods : sequence of str
        Methods that are shown, as far as there are any.

    Raises
    ------
    InputError
        When there is no noise-free matrix.
    """
    named = _matrices(arrays["harmonics"], described, methods)
    blocks = []
    for place, (number, frequency) in enumerate(
        zip(described["harmonics"], described["frequency_kHz"], strict=True)
    ):
        peak = float(np.abs(named[NOISE_FREE][place]).max()) or 1.0
        shown = {name: components[place] / peak for name, components in named.items()}
        truth = shown[NOISE_FREE]
        scores = {name: psnr_db(image[None], truth[None])[0] for name, image in shown.items()}
        label = f"{_ordinal(int(number))} harmonic\n{frequency:g} kHz"
        blocks.append(
            ImageBlock(label, [BlockImage(name, shown[name], _score(name, scores[name])) for name in shown])
        )
    figure = image_blocks(blocks, extent_of(described["field_of_view_mm"]), provenance)
    text = (
        "Components of the system matrix at multiples of the first drive frequency, one pixel a position; hue is the phase and "
        "brightness the modulus, over the largest noise-free modulus of the component. With cosine drive noise-free components "
        "are purely imaginary, of one hue for each sign. The numbers are PSNR of the component, its peak the largest noise-free "
        "modulus; they include the positions of training."
    )
    return ResultFigure(
        "harmonics", "Components of the system matrix", figure, figure_caption(text, provenance)
    )


def matrix_phantoms_figure(
    arrays: Arrays,
    described: Described,
    provenance: Provenance,
    *,
    count: int = 3,
    methods: Sequence[str] = SHOWN,
) -> ResultFigure:
    """Return the figure ``matrix_phantoms``: test phantoms reconstructed with each system matrix.

    Parameters
    ----------
    arrays : mapping of ndarray
        ``phantoms`` ``(phantom, x, y)`` and ``reconstructions`` ``(matrix, phantom, x, y)``.
    described : mapping
        ``matrices`` as in `harmonics_figure`, and ``field_of_view_mm``.
    provenance : Provenance
        Run.
    count : int
        First phantoms that are shown.
    methods : sequence of str
        Methods that are shown, as far as there are any.
    """
    named, phantoms = _matrices(arrays["reconstructions"], described, methods), arrays["phantoms"][:count]
    blocks = [
        ImageBlock(
            f"phantom {number + 1}",
            [
                BlockImage("Phantom", phantom),
                *(
                    BlockImage(
                        name, images[number], _score(name, _psnr(images[number], named[NOISE_FREE][number]))
                    )
                    for name, images in named.items()
                ),
            ],
        )
        for number, phantom in enumerate(phantoms)
    ]
    scale = Scale("concentration", 0, float(phantoms.max()))
    figure = image_blocks(blocks, extent_of(described["field_of_view_mm"]), provenance, scale=scale)
    text = (
        "Test phantoms, and their reconstructions from the same signals with the noise-free, the noisy and each denoised system "
        "matrix; λ is tuned for each matrix on other phantoms. The true image of the PSNR is the reconstruction with the "
        "noise-free matrix. " + conventions(STUDY, ("psnr_db",))
    )
    title = "Phantoms reconstructed with denoised matrices"
    return ResultFigure("matrix_phantoms", title, figure, figure_caption(text, provenance))


def spectra_figure(
    arrays: Mapping[str, Arrays],
    described: Mapping[str, Described],
    provenance: Provenance,
    *,
    methods: Sequence[str] = SHOWN,
    band_kHz: float | None = 25.0,
) -> ResultFigure:
    """Return the figure ``spectra``: where in frequency each method's error lies.

    Parameters
    ----------
    arrays : mapping of str to mapping of ndarray
        By problem ``frequency_kHz``, ``clean_spectrum`` and ``noisy_spectrum`` ``(bin,)`` and ``error_spectra``
        ``(method, bin)``: root-mean-square amplitudes over test signals, of noise-free signals, of noisy ones, and of denoised
        minus noise-free ones, in m²/s.
    described : mapping of str to mapping
        By problem ``methods``, names along the first axis of ``error_spectra``.
    provenance : Provenance
        Run.
    methods : sequence of str
        Methods that are shown, as far as there are any.
    band_kHz : float, optional
        Width of the bands that are averaged over; none given draws every bin.
    """
    panels = {
        PROBLEMS[problem]: ErrorSpectra(
            own["frequency_kHz"],
            own["clean_spectrum"],
            own["noisy_spectrum"],
            _chosen(dict(zip(described[problem]["methods"], own["error_spectra"], strict=True)), methods),
        )
        for problem, own in arrays.items()
    }
    figure = spectrum_figure(panels, provenance, band_kHz=band_kHz)
    bands = "" if band_kHz is None else f", in bands of {band_kHz:g} kHz around its multiples"
    text = (
        f"Root-mean-square amplitude of a frequency over test signals{bands}: noise-free signals (filled), noisy signals "
        "(dotted) and the errors that methods leave. Where an error reaches the edge of the filled area, nothing of the signal "
        "is recovered."
    )
    return ResultFigure("spectra", "Spectra of signals and errors", figure, figure_caption(text, provenance))


def strongest_stretch(signal: npt.NDArray[np.floating[Any]], samples: int) -> slice:
    """Return the place of at most `samples` samples around the largest modulus of a signal ``(time,)``, inside of it."""
    length = min(samples, len(signal))
    start = int(np.abs(signal).argmax()) - length // 2
    start = min(max(start, 0), len(signal) - length)
    return slice(start, start + length)


def _named(arrays: Arrays, described: Described, noisy: str, denoised: str) -> dict[str, npt.NDArray[Any]]:
    """Return noisy and denoised arrays by method."""
    names, found = described["methods"], arrays[denoised]
    if len(names) != len(found):
        raise InputError(
            f"{denoised}: found {len(found)} along the first axis, expected {len(names)}, one a method"
        )
    return {NOISY: arrays[noisy], **dict(zip(names, found, strict=True))}


def _chosen(named: Mapping[str, npt.NDArray[Any]], methods: Sequence[str]) -> dict[str, npt.NDArray[Any]]:
    """Return those of the methods that there are, in the order of rows."""
    return {name: named[name] for name in in_rows(set(named) & set(methods))}


def _matrices(
    arrays: npt.NDArray[Any], described: Described, methods: Sequence[str]
) -> dict[str, npt.NDArray[Any]]:
    """Return arrays by the name of the system matrix, the noise-free one first."""
    named = dict(zip(described["matrices"], arrays, strict=True))
    if NOISE_FREE not in named:
        raise InputError(f"matrices: found {', '.join(named)}, expected {NOISE_FREE} among them")
    return {NOISE_FREE: named[NOISE_FREE], **_chosen(named, methods)}


def _periods(methods: Iterable[str]) -> str:
    """Return one sentence that says how many noisy periods the methods see."""
    exception = f" but {AVERAGED}, which has two" if AVERAGED in methods else ""
    return f"Each method sees one noisy period{exception}."


def _psnr(image: npt.NDArray[Any], truth: npt.NDArray[Any]) -> float:
    return float(psnr_db(image[None], truth[None], peak=float(truth.max()))[0])


def _score(name: str, score: float) -> str:
    return "" if name == NOISE_FREE else f"{format_number(score, '.1f')} dB"


def _ordinal(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
