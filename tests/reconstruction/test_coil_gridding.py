import numpy as np
import pytest

from mpipipe.config.gridding import GriddingConfig
from mpipipe.errors import InputError
from mpipipe.physics.grid import Grid
from mpipipe.physics.particle import Particle
from mpipipe.physics.point_spread import point_spread_tensor
from mpipipe.physics.scanner import Scanner
from mpipipe.physics.trajectory import (
    field_free_point_m,
    field_free_point_velocity_m_per_s,
    sample_times_s,
)
from mpipipe.reconstruction.coil_gridding import CoilGridding

STUDY = Scanner(
    gradient_T_per_m=(0.4, 0.4, -0.8),
    drive_amplitude_mT=(20, 20, 0),
    divider=(99, 4950, 1),
    base_frequency_Hz=2.475e6,
)
FINE = STUDY.model_copy(update={"divider": (400, 40_000, 1)})
"""Two hundred lines of two hundred samples."""
LISSAJOUS = STUDY.model_copy(update={"divider": (300, 299, 1)})
SOURCES_M = 1e-3 * np.array([[0, 0], [6.3, -11.1], [-20, 13.7], [24.5, 24.5], [3, -24]])
FULL = Grid(shape=(101, 101), field_of_view_mm=(101, 101))
INNER = Grid(shape=(61, 61), field_of_view_mm=(90, 90))


def motion(scanner):
    time_s = sample_times_s(scanner)
    return field_free_point_m(scanner, time_s)[:, :2], field_free_point_velocity_m_per_s(scanner, time_s)[
        :, :2
    ]


def source_signals(scanner, particle, coil):
    """Noise-free signals of point sources of unit amount, u = H(r - x_s) v, (item, time)."""
    position, velocity = motion(scanner)
    tensor = point_spread_tensor(particle, scanner.gradient_T_per_m, SOURCES_M[:, None] - position)
    return np.einsum("stj,tj->st", tensor[:, :, coil], velocity)


@pytest.fixture(scope="module")
def study():
    return CoilGridding.of(STUDY, FULL)


@pytest.mark.parametrize(
    ("scanner", "diameter_nm", "coil"), [(FINE, 20, "x"), (LISSAJOUS, 25, "x"), (LISSAJOUS, 25, "y")]
)
def test_image_of_a_point_source_is_the_coils_point_spread_function(scanner, diameter_nm, coil):
    """H_ii of the tensor without H_ij v_j / v_i, which changes sign with the direction of motion.

    The radius is less than a third of the point spread's width in these settings, and twice the width in the study's.
    """
    which, particle = "xy".index(coil), Particle(core_diameter_nm=diameter_nm)
    images = CoilGridding.of(scanner, INNER, coil=coil).apply(source_signals(scanner, particle, which))
    offsets = SOURCES_M[:, None, None] - INNER.positions_m()[..., :2]
    expected = point_spread_tensor(particle, scanner.gradient_T_per_m, offsets)[..., which, which]
    assert np.abs(images - expected).max() < 0.004 * expected.max()


def test_the_edge_of_the_scanned_field_is_imaged(study):
    assert study.apply(np.ones((1, study.time))).shape == (1, 101, 101)
    assert FULL.positions_m()[0, 0, 0] == pytest.approx(-50e-3)  # the turning point


def test_a_signal_equal_to_the_velocity_gives_the_image_1(study):
    _, velocity = motion(STUDY)
    np.testing.assert_allclose(study.apply(velocity[None, :, 0]), 1, rtol=0, atol=2e-5)


@pytest.mark.parametrize("degree", [1, 2])
def test_polynomials_of_the_degree_are_reproduced(degree):
    def polynomial(r):
        x, y = 20 * r[..., 0], 20 * r[..., 1]
        return 2 + x - 3 * y + (degree == 2) * (x * y - x**2 + 2 * y**2)

    position, velocity = motion(STUDY)
    image = CoilGridding.of(STUDY, FULL, GriddingConfig(degree=degree)).apply(
        (polynomial(position) * velocity[:, 0])[None]
    )[0]
    np.testing.assert_allclose(image, polynomial(FULL.positions_m()), rtol=0, atol=1e-4)


@pytest.mark.parametrize("pixel", [(50, 50), (0, 0), (97, 13)])
def test_a_pixel_is_a_least_squares_fit_weighted_by_the_squared_speed(study, pixel):
    u = np.random.default_rng(2).normal(size=study.time)
    position, velocity = motion(STUDY)
    v = velocity[:, 0]
    x, y = ((position - FULL.positions_m()[pixel][:2]) / study.radius_m).T
    near = (x**2 + y**2 < 1) & (np.abs(v) >= 0.1 * np.abs(v).max())
    # Square roots of the weights, v^2 (1 - d^2); with them the samples u / v have the same variance but for the kernel.
    root = np.abs(v) * np.sqrt(np.maximum(1 - x**2 - y**2, 0))
    terms = np.stack([np.ones_like(x), x, y, x**2, x * y, y**2], axis=1)
    fit, *_ = np.linalg.lstsq((root[:, None] * terms)[near], root[near] * u[near] / v[near])
    assert study.apply(u[None])[0][pixel] == pytest.approx(fit[0], rel=1e-4)


def test_noise_gain_is_the_standard_deviation_of_noise_images():
    gridding = CoilGridding.of(STUDY, Grid(shape=(41, 41), field_of_view_mm=(100, 100)))
    draws = 3000
    noise = np.random.default_rng(1).standard_normal((draws, gridding.time), np.float32)
    images = gridding.apply(noise)
    ratio = images.std(axis=0) / gridding.noise_gain
    assert np.abs(ratio - 1).max() < 5 / np.sqrt(2 * draws)
    assert abs(ratio.mean() - 1) < 0.003


def test_apply_is_linear_and_its_definition(study):
    """The sparse matrix times the signals, in float64; slow samples do not count."""
    u = np.random.default_rng(3).normal(size=(3, study.time))
    expected = (study.matrix.astype(float) @ u.T).T.reshape(3, 101, 101)
    images = study.apply(u)
    np.testing.assert_allclose(images, expected, rtol=0, atol=2e-6 * np.abs(expected).max())
    mixed = study.apply((2 * u[0] - 3 * u[1])[None])[0]
    np.testing.assert_allclose(mixed, 2 * images[0] - 3 * images[1], rtol=0, atol=1e-5 * np.abs(mixed).max())
    _, velocity = motion(STUDY)
    slow = np.abs(velocity[:, 0]) < 0.1 * np.abs(velocity[:, 0]).max()
    assert slow.sum() == 350
    np.testing.assert_array_equal(study.apply(np.where(slow, 1e9, u)), images)


@pytest.mark.parametrize("items", [0, 1, 16, 17, 40])
def test_an_image_does_not_depend_on_the_batch(study, items):
    u = np.random.default_rng(4).standard_normal((items, study.time), np.float32)
    together = study.apply(u)
    assert together.shape == (items, 101, 101) and together.dtype == np.float32
    for image, one in zip(together, u, strict=True):
        np.testing.assert_array_equal(image, study.apply(one[None])[0])


def test_without_a_floor_samples_at_rest_do_not_count():
    _, velocity = motion(STUDY)
    v = velocity[:, 0]
    assert (v == 0).any()
    gridding = CoilGridding.of(STUDY, FULL, GriddingConfig(speed_floor=0))
    np.testing.assert_allclose(gridding.apply(v[None]), 1, rtol=0, atol=2e-5)
    np.testing.assert_array_equal(gridding.apply(v[None]), gridding.apply(np.where(v == 0, 1e9, v)[None]))


def test_swapped_axes_give_the_other_coil(study):
    swapped = STUDY.model_copy(update={"divider": (4950, 99, 1)})
    u = np.random.default_rng(5).standard_normal((2, study.time))
    image = CoilGridding.of(swapped, FULL, coil="y").apply(u)
    expected = study.apply(u).swapaxes(1, 2)
    np.testing.assert_allclose(image, expected, rtol=0, atol=1e-4 * np.abs(expected).max())


def test_the_radius_belongs_to_the_trajectory_or_is_given(study):
    assert CoilGridding.of(STUDY, INNER).radius_m == study.radius_m
    assert CoilGridding.of(STUDY, INNER, GriddingConfig(radius_mm=8)).radius_m == 8e-3


@pytest.mark.parametrize(
    ("signals", "found"),
    [
        (np.zeros((1, 100)), r"found float64 of shape \(1, 100\), expected real \(item, 4950\)"),
        (np.zeros(4950), r"found float64 of shape \(4950,\)"),
        (np.zeros((1, 2, 4950)), "found float64 of shape"),
        (np.zeros((1, 4950), complex), "found complex128"),
        (np.full((1, 4950), np.nan), "found NaN or infinity"),
        (np.full((1, 4950), 1e300), "found NaN or infinity"),
    ],
)
def test_signals_that_do_not_fit_are_an_error(study, signals, found):
    with pytest.raises(InputError, match=f"signals: {found}"):
        study.apply(signals)


@pytest.mark.parametrize(
    ("scanner", "grid", "config", "found"),
    [
        ({"drive_amplitude_mT": (20, 0, 0)}, FULL, {}, "expected a drive along x and y alone"),
        ({"drive_amplitude_mT": (20, 20, 1)}, FULL, {}, r"found \[20, 20, 1\], expected a drive along x and y"),
        ({"divider": (99, 99, 1)}, FULL, {}, "samples along one line"),
        ({}, Grid(shape=(8,), field_of_view_mm=(20,)), {}, r"grid: found shape \(8,\)"),
        ({}, Grid(shape=(8, 8), field_of_view_mm=(20, 120)), {}, "found a pixel centre 52.5 mm .* along y"),
        ({}, FULL, {"radius_mm": 1}, r"radius_mm: found 1, with \d+ samples inside"),
    ],
)  # fmt: skip
def test_what_cannot_be_gridded_is_an_error(scanner, grid, config, found):
    with pytest.raises(InputError, match=found):
        CoilGridding.of(STUDY.model_copy(update=scanner), grid, GriddingConfig(**config))
