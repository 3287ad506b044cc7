import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import eval_chebyu

from mpipipe.config.line_scanner import LineScanner
from mpipipe.errors import InputError
from mpipipe.physics.grid import Grid
from mpipipe.physics.line_spectrum import line_spectra, line_system_matrix
from mpipipe.physics.magnetization import langevin
from mpipipe.physics.scanner import Scanner
from mpipipe.physics.system_function import simulate_system_matrix

FREQUENCY_HZ, GRADIENT, AMPLITUDE_T = 20e3, 2.0, 0.032


@pytest.fixture(scope="module")
def config():
    return LineScanner()


def beta_per_T(diameter_nm):
    """Return the moment over the thermal energy, from the numbers of the paper."""
    moment = 477465 * np.pi * (diameter_nm * 1e-9) ** 3 / 6  # 0.6 T / mu0, rounded as configured
    return moment / (1.380649e-23 * 293)


def langevin_slope(xi):
    small = np.abs(xi) < 1e-2
    safe = np.where(small, 1, xi)
    with np.errstate(over="ignore"):
        exact = 1 / safe**2 - 1 / np.sinh(safe) ** 2
    return np.where(small, 1 / 3 - xi**2 / 15, exact)


@pytest.mark.parametrize("diameter", [20, 30, 40])
@pytest.mark.parametrize(("harmonic", "voxel"), [(1, 64), (2, 20), (3, 0), (8, 100), (15, 117)])
def test_matrix_is_the_published_integral(config, diameter, harmonic, voxel):
    """Equation 3 without its constants: the coefficient of dM/dt, by adaptive quadrature, with the imaginary unit out."""
    beta = beta_per_T(diameter)
    x = -0.016 + 0.25e-3 * voxel

    def integrand(phase):
        slope = langevin_slope(np.float64(beta * (GRADIENT * x + AMPLITUDE_T * np.cos(phase))))
        moment_rate = -slope * beta * AMPLITUDE_T * np.sin(phase) * 2 * np.pi * FREQUENCY_HZ
        return moment_rate * -np.sin(harmonic * phase) / np.pi

    folded = np.arccos(np.clip(-GRADIENT * x / AMPLITUDE_T, -1, 1))
    value, _ = quad(integrand, 0, np.pi, points=[folded], limit=400, epsabs=1e-6)
    matrix = line_system_matrix(config, diameter)
    assert matrix[harmonic - 1, voxel] == pytest.approx(value, rel=2e-6, abs=1e-5 * FREQUENCY_HZ)


@pytest.mark.parametrize("diameter", [25, 50])
def test_matrix_is_a_chebyshev_function_convolved_with_the_slope_of_the_langevin_function(config, diameter):
    """S_k = 4 f U_{k-1}(-z) sqrt(1 - z²) * (β G/2) L'(β G x), exact for every particle (Rahmer 2009; eq. 11)."""
    edges = np.cos(np.linspace(np.pi, 0, 40001))
    middle, step = (edges[1:] + edges[:-1]) / 2, np.diff(edges)
    harmonics = np.arange(1, 31)
    ideal = (
        4 * FREQUENCY_HZ * eval_chebyu(harmonics[:, None] - 1, -middle) * np.sqrt(1 - middle**2)
    )  # (harmonic, place)
    places = AMPLITUDE_T / GRADIENT * middle
    positions = config.grid.axes_m()[0][::8]
    reach = beta_per_T(diameter) * GRADIENT
    kernel = reach / 2 * langevin_slope(reach * (positions[:, None] - places))
    expected = ideal @ (kernel * step * AMPLITUDE_T / GRADIENT).T
    found = line_system_matrix(config, diameter)[:30, ::8]
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())


def test_particles_of_infinite_size_give_chebyshev_functions_without_blur():
    """The ideal limit itself, signs and factor: the error falls like the width of the kernel."""
    fine = Scanner(
        gradient_T_per_m=(2, -1, -1),
        drive_amplitude_mT=(32, 0, 0),
        divider=(2**17, 1, 1),
        base_frequency_Hz=2**17 * FREQUENCY_HZ,
    )
    config = LineScanner(scanner=fine, grid=Grid(shape=(10,), field_of_view_mm=(40,)), harmonics=12)
    z = config.grid.axes_m()[0] * GRADIENT / AMPLITUDE_T
    inside = np.abs(z) < 1
    ideal = np.zeros((12, 10))
    ideal[:, inside] = (
        4 * FREQUENCY_HZ * (eval_chebyu(np.arange(12)[:, None], -z[inside]) * np.sqrt(1 - z[inside] ** 2))
    )
    errors = [
        np.abs(line_system_matrix(config, diameter) - ideal).max() / (4 * FREQUENCY_HZ)
        for diameter in (100, 200)
    ]
    assert errors[1] < 3e-3
    assert errors[1] < errors[0] / 6


def test_harmonics_are_even_and_odd_in_turn(config):
    matrix = line_system_matrix(config)
    sign = (-1.0) ** np.arange(200)
    np.testing.assert_allclose(matrix[:, ::-1], sign[:, None] * matrix, atol=1e-12 * np.abs(matrix).max())


def test_matrix_is_the_imaginary_part_of_the_packages_system_function(config):
    coarse = config.model_copy(update={"grid": Grid(shape=(5,), field_of_view_mm=(32,))})
    whole = simulate_system_matrix(coarse.scanner, coarse.particle, coarse.grid, method="quadrature")
    along = whole.sel(channel="x").values[1:201]
    largest = np.abs(along).max()
    assert np.abs(along.real).max() < 1e-6 * largest
    np.testing.assert_allclose(line_system_matrix(coarse), along.imag, atol=1e-6 * largest)


# METHODS give them at 300 K, where particles are a little less sharp; at 20 nm rounding decides.
@pytest.mark.parametrize(
    ("diameter", "condition"), [(25, 4.1e7), (30, 1.2e4), (35, 280), (40, 44.6), (50, 11.2)]
)
def test_condition_numbers(config, diameter, condition):
    warm = config.model_copy(update={"particle": config.particle.model_copy(update={"temperature_K": 300})})
    assert np.linalg.cond(line_system_matrix(warm, diameter)) == pytest.approx(condition, rel=0.05)


def test_smallest_particles_are_singular_in_double_precision(config):
    assert np.linalg.cond(line_system_matrix(config, 20)) > 1e14


@pytest.mark.parametrize("diameter", [20, 50])
def test_more_samples_of_a_period_change_nothing(config, diameter):
    fine = config.scanner.model_copy(
        update={"divider": (16384, 1, 1), "base_frequency_Hz": 16384 * FREQUENCY_HZ}
    )
    matrix = line_system_matrix(config, diameter)
    finer = line_system_matrix(config.model_copy(update={"scanner": fine}), diameter)
    np.testing.assert_allclose(matrix, finer, atol=1e-13 * np.abs(matrix).max())


def test_moments_of_the_matrix_are_those_of_the_langevin_function(config):
    """With all harmonics the series is the signal: here at the moment the field-free point crosses the middle."""
    coarse = config.model_copy(update={"harmonics": 2047})
    matrix = line_system_matrix(coarse, 30)[:, 64]
    k = np.arange(1, 2048)
    moment = (2 * matrix / (2 * np.pi * k * FREQUENCY_HZ) * np.cos(k * 0.3)).sum()
    assert moment == pytest.approx(langevin(beta_per_T(30) * AMPLITUDE_T * np.cos(0.3)), rel=1e-10)


def test_spectra_are_sums_of_columns(config):
    matrix = line_system_matrix(config)
    scenes = np.zeros((2, 129), np.float32)
    scenes[1, [3, 70]] = 1
    spectra = line_spectra(matrix, scenes)
    assert not spectra[0].any()
    np.testing.assert_allclose(spectra[1], matrix[:, 3] + matrix[:, 70], rtol=1e-12)


@pytest.mark.parametrize("scenes", [np.ones(129), np.ones((2, 128)), np.full((1, 129), np.nan)])
def test_scenes_that_do_not_fit_are_refused(config, scenes):
    with pytest.raises(InputError, match="scenes: found shape"):
        line_spectra(line_system_matrix(config), scenes)


@pytest.mark.parametrize("diameter", [0, -1, np.nan])
def test_diameters_that_are_not_positive_are_refused(config, diameter):
    with pytest.raises(InputError, match="diameter_nm"):
        line_system_matrix(config, diameter)
