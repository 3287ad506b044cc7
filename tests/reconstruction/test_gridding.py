import numpy as np
import pytest

from mpipipe.config.gridding import GriddingConfig
from mpipipe.errors import InputError
from mpipipe.physics.grid import Grid
from mpipipe.physics.particle import Particle
from mpipipe.physics.point_spread import collinear_point_spread, point_spread_tensor
from mpipipe.physics.scanner import Scanner
from mpipipe.physics.trajectory import (
    field_free_point_m,
    field_free_point_velocity_m_per_s,
    sample_times_s,
)
from mpipipe.reconstruction.gridding import Gridding

SCANNER = Scanner(
    gradient_T_per_m=(3, 3, -6),
    drive_amplitude_mT=(30, 30, 0),
    divider=(900, 891, 1),
    base_frequency_Hz=22.275e6,
    waveform="sine",
)
COARSE = SCANNER.model_copy(update={"divider": (364, 336, 1)})
"""Twelve and thirteen cycles of 4368 samples, for tests that need many signals."""
PARTICLE = Particle(core_diameter_nm=25)
SOURCES_M = 1e-3 * np.array([[0, 0], [1.3, 2.1], [-4.2, 0.7], [3.9, -3.3], [-2, -4.7], [4.95, 4.95]])


def square(pixels, field_mm=20.0):
    return Grid(shape=(pixels, pixels), field_of_view_mm=(field_mm, field_mm))


def motion(scanner):
    time_s = sample_times_s(scanner)
    return field_free_point_m(scanner, time_s)[:, :2], field_free_point_velocity_m_per_s(scanner, time_s)[
        :, :2
    ]


def source_signals(scanner, sources_m):
    """Noise-free signals of point sources of unit amount, u = H(r - x_s) v, (item, channel, time)."""
    position, velocity = motion(scanner)
    tensor = point_spread_tensor(PARTICLE, scanner.gradient_T_per_m, sources_m[:, None] - position)
    return np.einsum("stij,tj->sit", tensor, velocity)


def signals_of_samples(scanner, compensated):
    """Signals whose collinear samples over the speed are given, with what no collinear coil sees added."""
    _, velocity = motion(scanner)
    across = np.random.default_rng(0).normal(size=len(velocity))
    return (compensated[:, None] * velocity + across[:, None] * velocity[:, ::-1] * (1, -1)).T[None]


@pytest.fixture(scope="module")
def lissajous():
    return Gridding.of(SCANNER, square(30))


@pytest.fixture(scope="module")
def coarse():
    return Gridding.of(COARSE, square(24))


@pytest.mark.parametrize("pixels", [280, 80])
def test_image_of_a_point_source_is_the_theoretical_point_spread_function(pixels):
    """Measured by METHODS (section 12) for locally linear fits: 0.8 % of the peak; a bound of 2 % is asked for."""
    gridding = Gridding.of(SCANNER, square(pixels))
    images = gridding.apply(source_signals(SCANNER, SOURCES_M))
    position = square(pixels).positions_m()[..., :2]
    central = (np.abs(position) < 5e-3).all(axis=-1)
    for source, image in zip(SOURCES_M, images, strict=True):
        expected = collinear_point_spread(
            PARTICLE, SCANNER.gradient_T_per_m, source - position, gridding.direction
        )
        error = np.abs(image - expected)[:, central].max(axis=1)
        assert (error < 0.008 * expected.max(axis=(1, 2))).all()


def test_the_radius_belongs_to_the_trajectory_and_not_to_the_grid(lissajous, coarse):
    assert Gridding.of(SCANNER, square(10)).radius_m == lissajous.radius_m
    assert coarse.radius_m > 5 * lissajous.radius_m


def test_a_given_radius_is_taken():
    assert Gridding.of(SCANNER, square(10), GriddingConfig(radius_mm=0.6)).radius_m == 0.6e-3


@pytest.mark.parametrize("degree", [1, 2])
def test_polynomials_of_the_degree_are_reproduced(degree):
    def polynomial(r):
        x, y = 100 * r[..., 0], 100 * r[..., 1]
        return 2 + x - 3 * y + (degree == 2) * (x * y - x**2 + 2 * y**2)

    gridding = Gridding.of(SCANNER, square(30), GriddingConfig(degree=degree))
    image = gridding.apply(signals_of_samples(SCANNER, polynomial(motion(SCANNER)[0])))[0]
    expected = polynomial(square(30).positions_m())
    np.testing.assert_allclose(image, np.stack([expected, expected]), rtol=0, atol=2e-5)


def test_a_constant_stays_constant(coarse):
    image = coarse.apply(signals_of_samples(COARSE, np.full(coarse.time, 3.0)))
    np.testing.assert_allclose(image, 3, rtol=1e-5)
    assert image.shape == (1, 2, 24, 24) and image.dtype == np.float32


def test_noise_gain_is_the_standard_deviation_of_noise_images(coarse):
    draws = 4000
    noise = np.random.default_rng(1).standard_normal((draws, 2, coarse.time), np.float32)
    ratio = coarse.apply(noise).std(axis=0) / coarse.noise_gain
    assert np.abs(ratio - 1).max() < 5 / np.sqrt(2 * draws)
    assert abs(ratio.mean() - 1) < 0.005


def test_noise_gain_falls_with_the_radius_and_rises_with_the_degree():
    def gain(**changes):
        return Gridding.of(COARSE, square(8), GriddingConfig(**changes)).noise_gain.mean()

    assert gain(radius_factor=6) < gain(radius_factor=4)
    assert gain(degree=1) < gain(degree=2)


def test_adjoint(coarse):
    rng = np.random.default_rng(2)
    u, image = rng.normal(size=(3, 2, coarse.time)), rng.normal(size=(3, 2, 24, 24))
    forward = np.sum(coarse.apply(u).astype(float) * image, axis=(1, 2, 3))
    backward = np.sum(coarse.adjoint(image).astype(float) * u, axis=(1, 2))
    size = np.linalg.norm(coarse.apply(u).reshape(3, -1), axis=1) * np.linalg.norm(
        image.reshape(3, -1), axis=1
    )
    np.testing.assert_allclose(forward / size, backward / size, rtol=0, atol=1e-6)
    assert coarse.adjoint(image).dtype == np.float32


def test_apply_is_its_definition(coarse):
    """The sparse matrices times the speed-compensated samples of the virtual collinear coil, in float64."""
    u = np.random.default_rng(3).normal(size=(5, 2, coarse.time))
    _, velocity = motion(COARSE)
    collinear = np.einsum("ict,tc->it", u, velocity) / (velocity**2).sum(axis=1)
    for which, part in enumerate(coarse.partitions):
        expected = (part.matrix.astype(float) @ collinear[:, part.samples].T).T.reshape(5, 24, 24)
        np.testing.assert_allclose(
            coarse.apply(u)[:, which], expected, rtol=0, atol=1e-6 * np.abs(expected).max()
        )


@pytest.mark.parametrize("items", [0, 1, 15, 16, 17, 40])
def test_an_image_does_not_depend_on_the_batch(coarse, items):
    u = np.random.default_rng(4).standard_normal((items, 2, coarse.time), np.float32)
    together = coarse.apply(u)
    assert together.shape == (items, 2, 24, 24)
    for image, one in zip(together, u, strict=True):
        np.testing.assert_array_equal(image, coarse.apply(one[None])[0])


def test_mirrored_signals_give_the_mirrored_other_partition(lissajous):
    """With sine drive the trajectory is its own mirror image in x, where the partitions change places."""
    source = np.array([[2.3e-3, -1.1e-3]])
    image = lissajous.apply(source_signals(SCANNER, source))[0]
    mirrored = lissajous.apply(source_signals(SCANNER, source * (-1, 1)))[0]
    np.testing.assert_allclose(mirrored[::-1, ::-1], image, rtol=0, atol=1e-4 * image.max())


def test_a_zero_signal_gives_a_zero_image(coarse):
    assert not coarse.apply(np.zeros((2, 2, coarse.time))).any()


@pytest.mark.parametrize(
    "signals, found",
    [
        (np.zeros((1, 2, 100)), r"shape \(1, 2, 100\), expected \(item, 2, 4368\)"),
        (np.zeros((2, 4368)), r"shape \(2, 4368\)"),
        (np.zeros((1, 3, 4368)), r"shape \(1, 3, 4368\)"),
        (np.zeros((1, 2, 4368), complex), "dtype complex128"),
        (np.full((1, 2, 4368), np.nan), "NaN or infinity"),
        (np.full((1, 2, 4368), 1e300), "NaN or infinity"),
    ],
)
def test_signals_that_do_not_fit_are_an_error(coarse, signals, found):
    with pytest.raises(InputError, match=f"signals: found {found}"):
        coarse.apply(signals)


@pytest.mark.parametrize(
    "images, found",
    [(np.zeros((1, 2, 24, 23)), "shape"), (np.full((1, 2, 24, 24), np.inf), "NaN or infinity")],
)
def test_images_that_do_not_fit_are_an_error(coarse, images, found):
    with pytest.raises(InputError, match=f"images: found {found}"):
        coarse.adjoint(images)


@pytest.mark.parametrize(
    "scanner, grid, config, found",
    [
        ({"drive_amplitude_mT": (30, 0, 0)}, square(8), {}, "no sample in the 45° partition"),
        ({"drive_amplitude_mT": (30, 30, 1)}, square(8), {}, r"found \[30, 30, 1\], expected no drive along z"),
        ({"divider": (900, 900, 1)}, square(8), {}, "no sample in the 135° partition"),
        ({}, Grid(shape=(8,), field_of_view_mm=(20,)), {}, r"grid: found shape \(8,\)"),
        ({}, square(8, 24), {}, r"grid: found a pixel centre 10.5 mm from the centre along x"),
        ({}, square(80), {"radius_mm": 0.05}, r"radius_mm: found 0.05, with 0 samples .* nearest 0\.11\d+ mm away"),
        ({}, square(80), {"radius_mm": 1e-9}, r"radius_mm: found 1e-09, with 0 samples"),
        ({}, square(280), {"radius_mm": 15}, r"radius_mm: found 15, which makes \d+ weights"),
        ({}, square(80), {"radius_mm": 0.2}, r"radius_mm: found 0.2, with \d+ samples"),
    ],
)  # fmt: skip
def test_what_cannot_be_gridded_is_an_error(scanner, grid, config, found):
    with pytest.raises(InputError, match=found):
        Gridding.of(SCANNER.model_copy(update=scanner), grid, GriddingConfig(**config))
