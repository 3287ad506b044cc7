"""Spectra and system functions, each over its own largest modulus."""

import numpy as np
import pytest

from mpipipe.errors import InputError
from mpipipe.evaluation.system_function_figure import SystemFunctions, system_function_figure
from tests.evaluation.legible import assert_legible

X, HARMONIC = np.linspace(-16, 16, 33), np.arange(1, 51)


def system(diameters=(40.0, 30.0), shown=(1, 7, 20)):
    spectra = {d: -3 * np.exp(-HARMONIC / d) for d in diameters}
    functions = {d: np.stack([d * np.sin((k + 1) * X / 10) for k in shown]) for d in diameters}
    return SystemFunctions(HARMONIC, spectra, X, shown, functions)


def test_everything_is_over_its_largest_modulus(provenance):
    left, *right = system_function_figure(system(), provenance).axes
    small, large = left.lines
    np.testing.assert_allclose(small.get_ydata(), np.exp(-(HARMONIC - 1) / 30))
    np.testing.assert_allclose(large.get_ydata(), np.exp(-(HARMONIC - 1) / 40))
    assert left.get_yscale() == "log"
    assert [axes.get_ylabel() for axes in right] == ["k = 1", "k = 7", "k = 20"]
    for axes, k in zip(right, (1, 7, 20), strict=True):
        expected = np.sin((k + 1) * X / 10)
        for line, other in zip(axes.lines, (small, large), strict=True):
            np.testing.assert_allclose(line.get_ydata(), expected / np.abs(expected).max())
            assert line.get_color() == other.get_color()


@pytest.mark.parametrize(("diameters", "shown"), [((40.0,), (3,)), ((30.0, 40.0), (3, 10, 30, 80))])
def test_all_that_is_written_can_be_read(provenance, diameters, shown):
    figure = system_function_figure(system(diameters, shown), provenance)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [f"{d:g} nm" for d in diameters]
    assert_legible(figure)


def test_mistakes_are_one_clear_line(provenance):
    whole = system()
    halved = {d: function[:, ::2] for d, function in whole.functions.items()}
    for message, given in {
        "spectra: found 5 diameters": system((20.0, 25.0, 30.0, 40.0, 50.0)),
        "spectra: found 2 diameters and functions of 1": SystemFunctions(
            HARMONIC, whole.spectra, X, whole.shown, {40.0: whole.functions[40.0]}
        ),
        r"40 nm: found shapes \(50,\) and \(3, 17\), expected \(50,\) and \(3, 33\)": SystemFunctions(
            HARMONIC, whole.spectra, X, whole.shown, halved
        ),
        "shown: found no harmonic": SystemFunctions(HARMONIC, whole.spectra, X, (), whole.functions),
    }.items():
        with pytest.raises(InputError, match=message):
            system_function_figure(given, provenance)
