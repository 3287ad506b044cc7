import numpy as np
import pytest

from mpipipe.config.deconvolution import BlurConfig
from mpipipe.errors import InputError
from mpipipe.physics.grid import Grid
from mpipipe.physics.point_spread import collinear_point_spread
from mpipipe.physics.xspace import XSpaceSignal
from mpipipe.reconstruction.blur import Blur, tabulate
from mpipipe.reconstruction.gridding import Gridding
from tests.reconstruction.blurs import (
    GRID,
    PARTICLE,
    SCANNER,
    SUB_SAMPLES,
    dense,
    diagonal_blur,
    local_blur,
    matrix_of,
)

BLURS = {"diagonal": diagonal_blur, "local": local_blur}


@pytest.fixture(params=BLURS, scope="module")
def blur(request):
    return BLURS[request.param]()


def random_pair(blur, seed=0, items=4):
    rng = np.random.default_rng(seed)
    return rng.random((items, *blur.shape)), rng.standard_normal((items, 2, *blur.shape))


@pytest.mark.parametrize("name", BLURS)
def test_blur_is_its_definition(name):
    expected = dense(local=name == "local")
    np.testing.assert_allclose(matrix_of(BLURS[name]()), expected, rtol=0, atol=3e-7 * expected.max())


def test_adjoint(blur):
    concentrations, images = random_pair(blur)
    made = blur.apply(concentrations).astype(float)
    forward = np.einsum("ipxy,ipxy->i", made, images)
    backward = np.einsum("ixy,ixy->i", concentrations, blur.adjoint(images).astype(float))
    size = np.linalg.norm(images) * np.linalg.norm(made)
    np.testing.assert_allclose(forward, backward, rtol=0, atol=1e-7 * size)


def test_adjoint_is_the_transpose(blur):
    columns = np.eye(2 * GRID.voxels).reshape(-1, 2, *blur.shape)
    found = blur.adjoint(columns).reshape(2 * GRID.voxels, -1)
    expected = matrix_of(blur)
    np.testing.assert_allclose(found, expected, rtol=0, atol=3e-7 * expected.max())


def test_largest_eigenvalue_is_bounded_from_above_and_closely(blur):
    H = matrix_of(blur)
    largest = np.linalg.eigvalsh(H.T @ H)[-1]
    assert largest * (1 - 1e-5) <= blur.squared_norm <= 1.005 * largest


def test_batched_equals_single(blur):
    concentrations, images = random_pair(blur)
    for item in range(len(images)):
        one = slice(item, item + 1)
        np.testing.assert_array_equal(blur.apply(concentrations)[one], blur.apply(concentrations[one]))
        np.testing.assert_array_equal(blur.adjoint(images)[one], blur.adjoint(images[one]))
    assert blur.apply(concentrations).dtype == blur.adjoint(images).dtype == np.float32
    assert blur.apply(concentrations[:0]).shape == (0, 2, *blur.shape)


def test_sub_samples_converge_to_the_mean_over_a_pixel():
    """The midpoint rule's error falls with the square of the step; the reference is Gauss's rule of 12 points."""
    coarse = Grid(shape=(5, 5), field_of_view_mm=(5, 5))
    nodes, shares = np.polynomial.legendre.leggauss(12)

    def at(shift):
        """The kernel of point sources that are shifted within their pixels."""
        steps = np.arange(-4, 5) * 1e-3
        offsets = np.stack(np.meshgrid(steps + shift[0], steps + shift[1], indexing="ij"), axis=-1)
        return 1e-6 * collinear_point_spread(PARTICLE, SCANNER.gradient_T_per_m, offsets, (1, 1))

    exact = sum(
        a * b / 4 * at((0.5e-3 * s, 0.5e-3 * t))
        for s, a in zip(nodes, shares, strict=True)
        for t, b in zip(nodes, shares, strict=True)
    )
    errors = [
        np.abs(tabulate(PARTICLE, SCANNER.gradient_T_per_m, coarse, (1, 1), count) - exact).max()
        for count in (1, 4, 8)
    ]
    assert errors[1] < errors[0] / 10
    assert errors[2] == pytest.approx(errors[1] / 4, rel=0.1)


def test_local_directions_explain_gridded_signals_and_diagonal_ones_do_not():
    """Signals of the whole trajectory, gridded: no convolution, no formula of a direction."""
    update = {"gradient_T_per_m": (3, 3, -6), "drive_amplitude_mT": (30, 30, 0)}
    scanner = SCANNER.model_copy(update=update)
    grid = Grid(shape=(40, 40), field_of_view_mm=(20, 20))
    fine = Grid(shape=(120, 120), field_of_view_mm=(20, 20))
    truth = np.random.default_rng(0).random((1, 40, 40)).astype(np.float32)
    signals = XSpaceSignal.of(scanner, PARTICLE, fine).signals(truth.repeat(3, axis=1).repeat(3, axis=2))
    images = Gridding.of(scanner, grid).apply(signals)
    local, diagonal = Blur.along(PARTICLE, scanner, grid), Blur.of(PARTICLE, (3, 3, -6), grid)
    error, other = (blur.relative_residual(images, truth)[0] for blur in (local, diagonal))
    assert error < 0.005
    assert other > 10 * error


def test_directions_of_a_config():
    for name, built in BLURS.items():
        config = BlurConfig(directions=name, sub_samples=SUB_SAMPLES)
        found, expected = Blur.configured(config, PARTICLE, SCANNER, GRID), built()
        np.testing.assert_array_equal(found.transfer, expected.transfer)
        np.testing.assert_array_equal(found.weight, expected.weight)


def test_relative_residual(blur):
    concentrations, images = random_pair(blur)
    images[1] = 0
    made = blur.apply(concentrations)
    left, whole = (np.linalg.norm(each.reshape(4, -1), axis=1) for each in (made - images, images))
    expected = left / np.maximum(whole, 1e-30)
    expected[1] = 0
    np.testing.assert_allclose(
        blur.relative_residual(images.astype(np.float32), concentrations), expected, rtol=1e-5
    )


def test_bad_input(blur):
    with pytest.raises(InputError, match=r"concentrations: found shape \(1, 3, 3\), expected \(item, 8, 9\)"):
        blur.apply(np.zeros((1, 3, 3)))
    for call in (blur.adjoint, blur.check):
        with pytest.raises(InputError, match=r"images: found shape \(1, 8, 9\), expected \(item, 2, 8, 9\)"):
            call(np.zeros((1, 8, 9)))
    with pytest.raises(InputError, match="images: found NaN or infinity"):
        blur.check(np.full((1, 2, 8, 9), np.nan))
    with pytest.raises(InputError, match="grid"):
        Blur.of(PARTICLE, (3, 3, -6), Grid(shape=(5,), field_of_view_mm=(5,)))
    with pytest.raises(InputError, match="grid: found a pixel"):
        Blur.along(PARTICLE, SCANNER, Grid(shape=(8, 8), field_of_view_mm=(20, 20)))
