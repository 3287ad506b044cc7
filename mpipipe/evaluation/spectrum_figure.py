"""Amplitude spectra of noise-free and noisy signals, and of the error that each method leaves."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mpipipe.errors import InputError
from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.figures import add_footer, method_style, style

Spectrum = npt.NDArray[np.floating[Any]]
CLEAN_GREY, NOISY_BLACK = "#c8c8c8", "#404040"
DECADES = 4.5
"""Shown below the largest amplitude."""


@dataclass(frozen=True)
class ErrorSpectra:
    """Root-mean-square amplitudes over signals, by frequency.

    Attributes
    ----------
    frequency_kHz : (bin,) ndarray of float
        Frequencies, rising.
    clean : (bin,) ndarray of float
        Noise-free signals.
    noisy : (bin,) ndarray of float
        Noisy signals.
    errors : mapping of str to (bin,) ndarray of float
        Denoised minus noise-free signals, by method.
    """

    frequency_kHz: Spectrum
    clean: Spectrum
    noisy: Spectrum
    errors: Mapping[str, Spectrum]


def spectrum_figure(
    panels: Mapping[str, ErrorSpectra],
    provenance: Provenance,
    *,
    unit: str = "m²/s",
    band_kHz: float | None = None,
) -> Figure:
    """Draw the spectra of each problem in a panel of its own, on a logarithmic scale.

    Parameters
    ----------
    panels : mapping of str to ErrorSpectra
        Spectra by title.
    provenance : Provenance
        Run, for the footer.
    unit : str
        Unit of the amplitudes.
    band_kHz : float, optional
        Draw the root-mean-square amplitude of the bins in bands of this width, around its multiples up to the last
        whole band; none given draws every bin.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        When there is no panel, or lengths differ.
    """
    _check(panels)
    with style():
        figure = Figure(figsize=(7.8, 2.5 * len(panels) + 0.3), layout="constrained")
        grid = figure.subplots(len(panels), 1, squeeze=False)[:, 0]
        for axes, (title, spectra) in zip(grid, panels.items(), strict=True):
            _draw(axes, spectra, band_kHz)
            axes.set_title(title, loc="left")
            axes.set_ylabel(f"amplitude / ({unit})")
        grid[-1].set_xlabel("frequency / kHz")
        handles = {
            label: handle
            for axes in grid
            for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
        }
        figure.legend(list(handles.values()), list(handles), loc="outside right upper", handlelength=2.2)
        add_footer(figure, provenance)
    return figure


def _check(panels: Mapping[str, ErrorSpectra]) -> None:
    if not panels:
        raise InputError("panels: found none, expected at least one")
    for title, spectra in panels.items():
        expected = spectra.frequency_kHz.shape
        named = {"clean": spectra.clean, "noisy": spectra.noisy, **spectra.errors}
        for name, amplitudes in named.items():
            if amplitudes.shape != expected:
                raise InputError(
                    f"panels: {title}: {name}: found shape {amplitudes.shape}, expected {expected} as the frequencies"
                )


def _draw(axes: Axes, spectra: ErrorSpectra, band_kHz: float | None) -> None:
    shown = {"noise-free signal": spectra.clean, "noisy signal": spectra.noisy}
    errors, frequency = dict(spectra.errors), spectra.frequency_kHz
    if band_kHz is not None:
        frequency, _ = _banded(frequency, spectra.clean, band_kHz)
        shown, errors = (
            {name: _banded(spectra.frequency_kHz, one, band_kHz)[1] for name, one in lines.items()}
            for lines in (shown, errors)
        )
    clean, noisy = shown.values()
    top = float(max(clean.max(), noisy.max())) or 1.0
    axes.fill_between(
        frequency, top * 10**-DECADES, clean, color=CLEAN_GREY, linewidth=0, label="noise-free signal"
    )
    axes.plot(frequency, noisy, color=NOISY_BLACK, linewidth=0.8, linestyle=":", label="noisy signal")
    for method, amplitudes in errors.items():
        look = method_style(method)
        axes.plot(
            frequency,
            amplitudes,
            color=look.colour,
            linestyle=look.dash,
            linewidth=0.9,
            label=f"error, {method}",
        )
    axes.set_yscale("log")
    axes.set(xlim=(0, float(frequency[-1])), ylim=(top * 10**-DECADES, 2 * top))
    axes.grid(visible=True, color="#dddddd", linewidth=0.5)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _banded(frequency_kHz: Spectrum, amplitudes: Spectrum, band_kHz: float) -> tuple[Spectrum, Spectrum]:
    """Return the multiples of a width and the root-mean-square amplitude of the bins next to each; all bands are whole."""
    place = np.floor(frequency_kHz / band_kHz + 0.5).astype(int)
    numbers, counts = np.unique(place, return_counts=True)
    power = np.bincount(place, weights=np.square(amplitudes, dtype=np.float64))[numbers]
    whole = (numbers + 0.5) * band_kHz <= frequency_kHz[-1] + (frequency_kHz[1] - frequency_kHz[0])
    return numbers[whole] * band_kHz, np.sqrt(power / counts)[whole]
