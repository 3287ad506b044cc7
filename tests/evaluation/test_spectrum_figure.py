"""Spectra of signals and errors: every bin, or the root mean square over bands."""

import numpy as np
import pytest

from mpipipe.errors import InputError
from mpipipe.evaluation.spectrum_figure import ErrorSpectra, spectrum_figure
from tests.evaluation.legible import assert_legible

FREQUENCY = 0.5 * np.arange(2476)  # of 4950 samples at 2.475 MHz


def spectra(methods=("N2N", "Proposed"), amplitude=0.1):
    clean = 10 * np.exp(-FREQUENCY / 100)
    errors = {method: np.full(len(FREQUENCY), amplitude / (k + 1)) for k, method in enumerate(methods)}
    return ErrorSpectra(FREQUENCY, clean, clean + 1, errors)


def lines(figure):
    return {line.get_label(): line for line in figure.axes[0].lines}


def test_every_bin_is_drawn_without_bands(provenance):
    figure = spectrum_figure({"Gaussian noise": spectra()}, provenance)
    found = lines(figure)
    assert set(found) == {"noisy signal", "error, N2N", "error, Proposed"}
    np.testing.assert_array_equal(found["error, Proposed"].get_ydata(), np.full(2476, 0.05))
    np.testing.assert_array_equal(found["noisy signal"].get_xdata(), FREQUENCY)


def test_bands_hold_the_power_of_their_bins(provenance):
    """A tone in one of 50 bins has a fiftieth of its power in a band of 25 kHz; the half band at the end is left out."""
    tone = np.zeros(len(FREQUENCY))
    tone[np.argmin(np.abs(FREQUENCY - 75.0))] = 3.0
    given = ErrorSpectra(FREQUENCY, tone, tone, {"Proposed": tone})
    line = lines(spectrum_figure({"tone": given}, provenance, band_kHz=25.0))["error, Proposed"]
    centres, power = line.get_xdata(), np.square(line.get_ydata())
    np.testing.assert_allclose(centres, 25.0 * np.arange(50)[: len(centres)])
    assert centres[-1] == 1225.0
    assert power[3] == pytest.approx(9.0 / 50)
    assert power.sum() == pytest.approx(power[3])


@pytest.mark.parametrize("count", [1, 3])
def test_all_that_is_written_can_be_read(provenance, count):
    methods = ("N2N", "R2R", "Proposed", "Wavelets", "Wiener (folded)", "Proposed (no smoothness)")
    figure = spectrum_figure(
        {f"problem {k}": spectra(methods) for k in range(count)}, provenance, band_kHz=25.0
    )
    assert_legible(figure)


def test_mistakes_are_one_clear_line(provenance):
    with pytest.raises(InputError, match="panels: found none"):
        spectrum_figure({}, provenance)
    whole = spectra()
    short = ErrorSpectra(FREQUENCY, whole.clean, whole.noisy, {"N2N": whole.clean[:-1]})
    with pytest.raises(InputError, match=r"panels: noise: N2N: found shape \(2475,\), expected \(2476,\)"):
        spectrum_figure({"noise": short}, provenance)
