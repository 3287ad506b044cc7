import numpy as np
import pytest

from mpipipe.config.deblurring import Acquisition
from mpipipe.physics.grid import Grid
from mpipipe.physics.point_spread import collinear_point_spread
from mpipipe.reconstruction.gridding import Gridding
from mpipipe.studies.point_source import scan_point
from mpipipe.studies.xspace_scan import XSpaceScan, noisy
from tests.studies.xspace_inputs import ACQUISITION, PIXELS


@pytest.fixture(scope="module")
def prepared():
    return XSpaceScan.of(ACQUISITION)


@pytest.fixture(scope="module")
def scenes():
    fine = 2 * PIXELS
    drawn = np.random.default_rng(0).random((3, fine, fine), dtype=np.float32)
    drawn[:, :8] = 0
    return drawn


def test_a_scan_keeps_the_tracer_and_is_linear(prepared, scenes):
    scan = prepared.scan(scenes)
    assert scan.truth.shape == (3, PIXELS, PIXELS) and scan.collinear.shape == (3, 2, PIXELS, PIXELS)
    np.testing.assert_allclose(scan.truth.mean(axis=(1, 2)), scenes.mean(axis=(1, 2)), rtol=1e-5)
    mixed = prepared.scan(scenes[:1] + 2 * scenes[1:2])
    expected = scan.collinear[0] + 2 * scan.collinear[1]
    np.testing.assert_allclose(mixed.collinear[0], expected, atol=2e-5 * expected.max())
    assert scan.peak == np.abs(prepared.signal.signals(scenes)).max()


def test_a_scan_is_the_scene_blurred_along_the_motion(prepared, scenes):
    """Collinear images against the direct sum over fine pixels of the point spread in the local direction."""
    collinear = prepared.scan(scenes[:1]).collinear[0]
    fine, coarse = ACQUISITION.fine_grid, ACQUISITION.grid
    sources = fine.positions_m()[..., :2].reshape(-1, 2)
    area = (1e-3 * fine.field_of_view_mm[0] / fine.shape[0]) ** 2
    inner = slice(PIXELS // 4, -PIXELS // 4)
    for partition in range(2):
        pixels = coarse.positions_m()[inner, inner, :2]
        directions = prepared.gridding.direction[partition][inner, inner, None]
        spread = collinear_point_spread(
            ACQUISITION.particle,
            ACQUISITION.scanner.gradient_T_per_m,
            sources - pixels[..., None, :],
            np.broadcast_to(directions, (*pixels.shape[:2], len(sources), 2)),
        )
        expected = area * spread @ scenes[0].reshape(-1)
        np.testing.assert_allclose(collinear[partition][inner, inner], expected, rtol=0.02)


def test_noise_has_the_standard_deviation_of_the_operator(prepared):
    noise = prepared.noise(400, np.random.default_rng(1))
    ratio = noise.std(axis=0) / prepared.gridding.noise_gain
    assert abs(float(ratio.mean()) - 1) < 0.01
    assert np.abs(noise.mean(axis=0) / prepared.gridding.noise_gain).max() < 5 / np.sqrt(400)


def test_noise_is_added_by_the_papers_definition():
    collinear, noise = np.ones((2, 2, 3, 3), np.float32), np.full((2, 2, 3, 3), 4, np.float32)
    np.testing.assert_allclose(noisy(collinear, noise, peak=0.5, snr=10), 1 + 0.05 * 4)
    np.testing.assert_array_equal(noisy(collinear, noise, peak=0.5, snr=np.inf), collinear)


def test_a_scanned_point_lies_on_its_theory():
    """At the paper's trajectory, whose gaps the few cycles of the other tests do not have."""
    grid = Grid(shape=(40, 40), field_of_view_mm=(20, 20))
    acquisition = Acquisition(grid=grid)
    gridding = Gridding.of(acquisition.scanner, grid, acquisition.gridding)
    point = scan_point(acquisition, gridding)
    inner = slice(10, 30)
    assert all(10 <= place < 30 for place in point.pixel)
    for gridded, theory in zip(point.gridded, point.theory, strict=True):
        assert np.unravel_index(theory.argmax(), theory.shape) == point.pixel
        assert np.abs(gridded - theory)[inner, inner].max() < 0.02 * theory.max()
