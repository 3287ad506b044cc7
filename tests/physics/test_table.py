"""The interpolated moment against direct quadrature, at the table's edges too."""

import numpy as np
import pytest

from mpipipe.errors import InputError
from mpipipe.physics.magnetization import moment_by_quadrature
from mpipipe.physics.table import MomentTable
from mpipipe.physics.tabulation import solve_spline

AXIS = np.array([0.3, -0.5, 0.8]) / np.linalg.norm([0.3, -0.5, 0.8])


def interpolated(table, alpha, field):
    out = np.empty((1, 3, len(field)))
    rows = np.ascontiguousarray(field.T)
    table.moments(np.array([float(alpha)]), AXIS[None], np.zeros((1, 3)), rows, out)
    return out[0].T


def random_fields(rng, largest, count=3000):
    field = rng.normal(size=(count, 3))
    field *= largest * rng.uniform(0, 1, (count, 1)) / np.linalg.norm(field, axis=1, keepdims=True)
    field[:4] = [np.zeros(3), largest * AXIS, -largest * AXIS, largest * np.cross(AXIS, [0, 0, 1.0])]
    field[3] *= largest / np.linalg.norm(field[3])
    return field


@pytest.mark.parametrize(("alpha", "largest"), [(0, 60), (2, 60), (8, 5), (20, 70), (35, 70), (0, 300)])
def test_table_of_one_anisotropy(alpha, largest):
    field = random_fields(np.random.default_rng(2), largest)
    found = interpolated(MomentTable.build(alpha, largest, largest), alpha, field)
    np.testing.assert_allclose(
        found, moment_by_quadrature(field, alpha, AXIS), atol=4e-7 if alpha <= 20 else 1e-6
    )


@pytest.mark.parametrize("largest_alpha", [0.5, 8, 30])
def test_table_of_all_anisotropies(largest_alpha):
    rng = np.random.default_rng(3)
    table = MomentTable.build(largest_alpha, 40, 40, varying=True)
    for alpha in (0.0, 1e-9, *rng.uniform(0, largest_alpha, 4), largest_alpha):
        field = random_fields(rng, 40, 500)
        np.testing.assert_allclose(
            interpolated(table, alpha, field), moment_by_quadrature(field, alpha, AXIS), atol=2e-6
        )


def test_error_falls_with_the_fourth_power_of_the_spacing():
    field = random_fields(np.random.default_rng(4), 30)
    exact = moment_by_quadrature(field, 6.0, AXIS)
    errors = [
        np.sqrt(((interpolated(MomentTable.build(6.0, 30, 30, refine=r), 6.0, field) - exact) ** 2).mean())
        for r in (0.5, 1.0, 2.0)
    ]
    np.testing.assert_allclose(np.log2(errors[:-1]) - np.log2(errors[1:]), 4, atol=0.6)


def test_spline_coefficients_solve_the_interpolation():
    values = np.random.default_rng(5).normal(size=(2, 12, 3))
    c = values.copy()
    solve_spline(c)
    np.testing.assert_allclose(c[:, :-2] + 4 * c[:, 1:-1] + c[:, 2:], values[:, 1:-1], atol=1e-13)


@pytest.mark.parametrize("degree", [0, 1, 2, 3])
def test_spline_reproduces_cubics_up_to_the_edge(degree):
    j = np.arange(9.0)
    lines = (j**degree).reshape(1, 9, 1)
    solve_spline(lines)
    c = lines[0, :, 0]
    middle = (c[:-3] + 23 * c[1:-2] + 23 * c[2:-1] + c[3:]) / 8  # the kernel halfway between nodes, 6 times
    np.testing.assert_allclose(middle, (j[1:-2] + 0.5) ** degree, rtol=1e-12)


def test_a_table_says_what_it_does_not_cover():
    table = MomentTable.build(5, 10, 10, varying=True)
    table.check_covers(np.array([0.0, 5.0]), 10, 10)
    with pytest.raises(InputError, match=r"table: found alpha_K in \[0, 6\]"):
        table.check_covers(np.array([0.0, 6.0]), 1, 1)
    with pytest.raises(InputError, match=r"table: found \|b12\| up to 11"):
        table.check_covers(np.array([1.0]), 1, 11)
    with pytest.raises(InputError, match="alpha_K"):
        MomentTable.build(5, 10, 10).check_covers(np.array([4.0]), 1, 1)


@pytest.mark.parametrize("varying", [False, True])
def test_threads_do_not_change_a_table(varying):
    alone, together = (MomentTable.build(5, 10, 8, varying=varying, threads=count) for count in (1, 3))
    assert np.array_equal(alone.coefficients, together.coefficients)
