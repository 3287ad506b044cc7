"""Noise levels against drawn noise and closed forms; summaries of restorations of which all is known."""

import numpy as np
import pytest
from scipy.fft import idctn

from mpipipe.errors import InputError
from mpipipe.reconstruction.encoding_array import reconstruct_phantoms
from mpipipe.restoration.classical import DctFilter
from mpipipe.restoration.multiplier import constant_multiplier
from mpipipe.restoration.phase import project_on_phase
from mpipipe.storage.matlab import read_encoding_array
from mpipipe.studies.measured_noise import estimate_sigma, sigma_from_background
from mpipipe.studies.measured_restoration import (
    phantom_images,
    restore_measured,
    summarise_restoration,
)

LEVELS = np.geomspace(1e-3, 1e4, 12)


def white(shape, sigma=1.0, seed=0):
    """Complex white noise with E|n|² = σ²."""
    rng = np.random.default_rng(seed)
    return sigma / np.sqrt(2) * (rng.normal(size=shape) + 1j * rng.normal(size=shape))


@pytest.mark.parametrize("grid", [(40, 36), (14, 13, 16), (400, 1)])
def test_the_level_of_white_noise(grid):
    drawn = white((len(LEVELS), *grid)) * LEVELS.reshape(-1, *(1,) * len(grid))
    fine = 2 * np.prod([size - size // 2 for size in grid])
    # The median of |x| has a standard deviation of 1.17 σ / sqrt(n) for n real values.
    np.testing.assert_allclose(estimate_sigma(drawn), LEVELS, rtol=4 * 1.17 / np.sqrt(fine))


def test_the_level_is_right_on_average_on_a_small_grid():
    found = estimate_sigma(white((20000, 8, 8)))
    assert found.mean() == pytest.approx(1, abs=0.02)
    assert found.std() == pytest.approx(1.17 / np.sqrt(32), rel=0.15)


def test_the_level_of_a_quarter_of_a_known_sample():
    """Coefficients that are given: the median of the fine ones, and nothing of the others."""
    coefficients = np.full((1, 6, 4), 1e6 + 0j)
    coefficients[0, 3:, 2:] = np.array([[3 + 1j, -1 + 2j], [2 - 2j, 1 - 3j], [1j, 4]])
    # Moduli of real and imaginary parts: 0 0 1 1 1 1 2 2 2 3 3 4, with the median 1.5.
    found = estimate_sigma(idctn(coefficients, norm="ortho", axes=(1, 2)))
    assert found[0] == pytest.approx(1.5 * np.sqrt(2) / 0.6744897501960817)


def test_coarse_structure_does_not_count_and_fine_structure_is_an_upper_bound():
    x, y = np.meshgrid((np.arange(20) + 0.5) / 20, (np.arange(18) + 0.5) / 18, indexing="ij")
    noise = white((3, 20, 18), 0.1)
    coarse = (np.cos(3 * np.pi * x) * np.cos(8 * np.pi * y))[None] * np.array([1, 1j, 50])[:, None, None]
    np.testing.assert_allclose(estimate_sigma(noise + coarse), estimate_sigma(noise), rtol=1e-10)
    bump = np.exp(-((x - 0.43) ** 2 + (y - 0.52) ** 2) / (2 * 0.03**2))
    assert (estimate_sigma(noise + 5 * bump) > 1.2 * estimate_sigma(noise)).all()


def test_the_level_of_empty_frames():
    frames = 1e3 * (1 + 2j) + LEVELS[:, None] * white((len(LEVELS), 4000))
    # sqrt of a mean of 4000 exponential variables: 1 / (2 sqrt(4000)) = 0.8 %.
    np.testing.assert_allclose(sigma_from_background(frames), LEVELS, rtol=0.03)
    assert sigma_from_background(np.array([[1.0, 3.0]]))[0] == pytest.approx(np.sqrt(2))
    pairs = sigma_from_background(white((40000, 2))) ** 2
    assert pairs.mean() == pytest.approx(1, abs=0.03)  # unbiased for two frames too


class Recorder:
    """A method that keeps what it is given and halves it."""

    def apply(self, observed, sigma=0.0, *, known=None, grid=None):
        self.observed, self.sigma = observed, sigma
        return observed / 2


def test_methods_see_unit_peaks_and_the_level_in_that_unit():
    matrix = white((5, 6, 7)) * np.geomspace(1e-6, 1e6, 5)[:, None, None]
    matrix[3] = 0
    sigma = np.geomspace(1e-7, 1e5, 5)
    method = Recorder()
    found = restore_measured(matrix, sigma, {"half": method})
    peak = np.abs(matrix).max(axis=(1, 2))
    np.testing.assert_allclose(np.abs(method.observed).max(axis=(1, 2)), [1, 1, 1, 0, 1], rtol=1e-6)
    np.testing.assert_allclose(method.sigma, sigma / np.where(peak > 0, peak, 1), rtol=1e-6)
    assert list(found) == ["half"] and found["half"].dtype == np.complex64
    np.testing.assert_allclose(found["half"], matrix / 2, rtol=1e-5)


def test_restoring_commutes_with_the_scale_of_components():
    matrix, sigma = white((4, 9, 8)), np.full(4, 0.3)
    scale = np.array([1e-8, 1, 1e3, 1e9])
    method = {"DCT-F": DctFilter(constant_multiplier(1.0))}
    plain = restore_measured(matrix, sigma, method)["DCT-F"]
    scaled = restore_measured(matrix * scale[:, None, None], sigma * scale, method)["DCT-F"]
    np.testing.assert_allclose(scaled / scale[:, None, None], plain, atol=1e-5 * np.abs(plain).max())


def test_the_summary_of_a_projection_on_one_phase():
    phases = np.array([0.3, -1.2, 1.5])
    truth = np.exp(1j * phases)[:, None, None] * np.random.default_rng(0).normal(size=(3, 30, 30))
    matrix, sigma = truth + white((3, 30, 30), 0.2, seed=1), np.full(3, 0.2)
    found = summarise_restoration(
        matrix,
        sigma,
        {
            "same": matrix,
            "none": 0 * matrix,
            "projected": project_on_phase(matrix.astype(np.complex64)),
            "turned": matrix * np.exp(1j * np.array([0.2, -3.0, 2.0]))[:, None, None],
        },
    )
    assert found["same"].removed_energy == 0 and found["none"].removed_energy == 1
    noise = 3 * 900 * 0.2**2 / np.linalg.norm(matrix) ** 2
    assert found["same"].noise_energy == pytest.approx(noise)
    # Half of the noise lies across the line.
    assert found["projected"].removed_energy == pytest.approx(noise / 2, rel=0.1)
    np.testing.assert_allclose(found["projected"].spread_after, 0, atol=1e-6)
    np.testing.assert_allclose(found["projected"].phase_change_rad, 0, atol=1e-6)
    # ‖noise‖² across the line is 900 σ²/2 of about 900 (1 + σ²): the spread is twice its share.
    np.testing.assert_allclose(found["projected"].spread_before, 0.04 / 1.04, rtol=0.15)
    np.testing.assert_allclose(found["turned"].phase_change_rad, [0.2, np.pi - 3.0, 2.0 - np.pi], atol=1e-6)
    assert found["same"].relative_residual == {}


def test_the_summary_reconstructs_each_phantom():
    matrix = white((30, 8, 8))
    image = np.zeros((8, 8))
    image[2:5, 3:6] = 1
    signals = {"b": matrix.reshape(30, -1) @ image.ravel(), "c": matrix[:, 1, 1]}
    found = summarise_restoration(matrix, np.zeros(30), {"same": matrix, "half": matrix / 2}, signals)
    expected = reconstruct_phantoms(matrix, signals)
    for name in signals:
        residual = found["same"].relative_residual[name]
        assert residual == pytest.approx(expected[name].relative_residual)
        # A common factor scales the image, not the residual.
        assert found["half"].relative_residual[name] == pytest.approx(expected[name].relative_residual)


def test_emptied_rows_count_in_the_residual():
    """A method that empties rows does not fit better: what they measured is not explained."""
    matrix = white((30, 8, 8))
    signal = matrix[:, 1, 1]
    emptied = matrix.copy()
    emptied[10:] = 0
    found = phantom_images(emptied, {"c": signal})["c"]
    assert found.relative_residual > np.linalg.norm(signal[10:]) / np.linalg.norm(signal) * (1 - 1e-9)
    assert phantom_images(0 * matrix, {"c": signal})["c"].relative_residual == pytest.approx(1)


@pytest.mark.parametrize(
    ("call", "line"),
    [
        (lambda: estimate_sigma(np.ones(3)), "components: found shape"),
        (lambda: estimate_sigma(np.full((2, 3, 3), np.nan)), "components: found"),
        (lambda: sigma_from_background(np.ones((3, 1))), "frames: found shape"),
        (lambda: restore_measured(np.ones((2, 3, 3)), np.ones(3), {}), "sigma: found shape"),
        (lambda: restore_measured(np.ones((2, 3, 3)), np.array([1, -1]), {}), "sigma: found a value"),
        (
            lambda: summarise_restoration(np.ones((2, 3, 3)), np.ones(2), {"a": np.ones((2, 3, 4))}),
            "restored: found shape",
        ),
    ],
)
def test_what_does_not_fit_is_refused(call, line):
    with pytest.raises(InputError, match=line):
        call()


def test_a_measured_matrix(measured_dir):
    """Real components are smooth: little of their energy is noise, and a filter of that level leaves the rest."""
    data = read_encoding_array(measured_dir / "encoding_array")
    sigma = estimate_sigma(data.system_matrix)
    share = 64 * sigma**2 / (np.abs(data.system_matrix) ** 2).sum(axis=(1, 2))
    assert share[:10].max() < 1
    restored = restore_measured(data.system_matrix, sigma, {"DCT-F": DctFilter(constant_multiplier(1.0))})
    found = summarise_restoration(
        data.system_matrix, sigma, restored | {"measured": data.system_matrix}, data.signals
    )
    assert found["measured"].removed_energy == 0
    assert found["measured"].relative_residual["b1"] == pytest.approx(0.0232, abs=5e-5)
    assert found["measured"].relative_residual["b2"] == pytest.approx(0.0250, abs=5e-5)
    assert 0 < found["DCT-F"].removed_energy < 2 * found["DCT-F"].noise_energy
