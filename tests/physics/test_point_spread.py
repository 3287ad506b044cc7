"""The point-spread tensor against exact arithmetic, derivatives of the moment and published widths."""

from decimal import Decimal, localcontext

import numpy as np
import pytest

from mpipipe.errors import InputError
from mpipipe.physics.magnetization import langevin
from mpipipe.physics.particle import Particle
from mpipipe.physics.point_spread import (
    collinear_point_spread,
    langevin_ratio,
    langevin_slope,
    point_spread_tensor,
)
from mpipipe.physics.resolution import fwhm_mm

PARTICLE = Particle(core_diameter_nm=25)
UNEQUAL = (3.0, -1.3, -1.7)
ARGUMENTS = (*np.geomspace(1e-6, 1e3, 200), 0.2999999, 0.3, 0.3000001)


def exact(xi):
    """L' and L / xi with a hundred digits."""
    with localcontext() as context:
        context.prec = 100
        x = Decimal(float(xi))
        up, down = x.exp(), (-x).exp()
        slope = 1 / x**2 - 4 / (up - down) ** 2
        ratio = ((up + down) / (up - down) - 1 / x) / x
        return float(slope), float(ratio)


def moment(gradient, offsets):
    """Mean moment at an offset from the field-free point."""
    xi = PARTICLE.beta_per_T * np.asarray(gradient[:2]) * offsets
    size = np.linalg.norm(xi, axis=-1, keepdims=True)
    return langevin(size) * xi / size


def some_offsets(count=50):
    return np.random.default_rng(0).uniform(-4e-3, 4e-3, (count, 2))


def test_slope_and_ratio_equal_exact_arithmetic():
    expected = np.array([exact(xi) for xi in ARGUMENTS])
    np.testing.assert_allclose(langevin_slope(ARGUMENTS), expected[:, 0], rtol=1e-13)
    np.testing.assert_allclose(langevin_ratio(ARGUMENTS), expected[:, 1], rtol=1e-13)


def test_slope_and_ratio_are_even_and_stay_finite_everywhere():
    for function in (langevin_slope, langevin_ratio):
        np.testing.assert_array_equal(function(np.negative(ARGUMENTS)), function(ARGUMENTS))
        np.testing.assert_allclose(function([0.0, 1e-300]), 1 / 3, rtol=1e-15)
    np.testing.assert_allclose(langevin_slope([1e5, 1e100, np.inf]), [1e-10, 1e-200, 0], rtol=1e-13)
    np.testing.assert_allclose(langevin_ratio([1e5, 1e100, np.inf]), [1e-5 - 1e-10, 1e-100, 0], rtol=1e-13)


def test_the_tensor_is_the_jacobian_of_the_moment():
    offsets, step = some_offsets(), 1e-8
    expected = np.stack(
        [
            (moment(UNEQUAL, offsets + move) - moment(UNEQUAL, offsets - move)) / (2 * step)
            for move in step * np.eye(2)
        ],
        axis=-1,
    )
    found = point_spread_tensor(PARTICLE, UNEQUAL, offsets)
    assert found.shape == (50, 2, 2)
    np.testing.assert_allclose(found, expected, atol=1e-7 * abs(expected).max())


def test_at_the_field_free_point_it_is_diagonal_with_a_third_of_the_slope():
    found = point_spread_tensor(PARTICLE, UNEQUAL, [0.0, 0.0])
    np.testing.assert_allclose(found, PARTICLE.beta_per_T / 3 * np.diag(UNEQUAL[:2]), rtol=1e-15)


@pytest.mark.parametrize("angle", [0.0, 0.7, 2.0])
def test_collinear_widths_are_the_published_ones(angle):
    along = np.array([np.cos(angle), np.sin(angle)])
    across = np.array([-along[1], along[0]])
    gradient = (3.0, 3.0, -6.0)
    peak = collinear_point_spread(PARTICLE, gradient, [0.0, 0.0], along)
    for direction, name in ((along, "parallel"), (across, "transverse")):
        half = 5e-4 * fwhm_mm(PARTICLE, 3.0, name)
        found = collinear_point_spread(PARTICLE, gradient, half * np.stack([direction, -direction]), along)
        np.testing.assert_allclose(found, peak / 2, rtol=1e-12)


def test_a_pass_over_a_source_turns_its_moment_around():
    x = np.linspace(-8e-3, 8e-3, 4001)
    along_x = np.stack([x, np.zeros_like(x)], axis=-1)
    total = np.trapezoid(collinear_point_spread(PARTICLE, (2.0, 5.0), along_x, [3.0, 0.0]), x)
    assert total == pytest.approx(2 * langevin(2.0 * 8e-3 * PARTICLE.beta_per_T), rel=1e-7)


def test_perpendicular_directions_add_up_to_the_trace():
    offsets = some_offsets()
    found = sum(collinear_point_spread(PARTICLE, (3, 3, -6), offsets, v) for v in ([1, 1], [-2, 2]))
    scale = 3 * PARTICLE.beta_per_T
    xi = scale * np.hypot(*offsets.T)
    np.testing.assert_allclose(found, scale * (langevin_slope(xi) + langevin_ratio(xi)), rtol=1e-13)


@pytest.mark.parametrize(
    ("gradient", "offsets", "direction", "message"),
    [
        ((3.0,), np.zeros(2), np.ones(2), "gradient_T_per_m: found shape"),
        ((3.0, 3.0), np.zeros(3), np.ones(2), "offsets_m: found shape"),
        ((3.0, 3.0), np.zeros(2), np.ones(3), "direction: found shape"),
        ((3.0, 3.0), np.zeros((2, 2)), [[1, 0], [0, 0]], "direction: found a vector of length 0"),
    ],
)
def test_bad_arguments_are_named(gradient, offsets, direction, message):
    with pytest.raises(InputError, match=message):
        collinear_point_spread(PARTICLE, gradient, offsets, direction)
