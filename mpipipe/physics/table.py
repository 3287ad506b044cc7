"""Table of the mean moment, and its use.

With ``m_par`` and ``m_perp`` as in :mod:`mpipipe.physics.magnetization`, two functions are tabulated::

    f = m_perp / b12          h = m_par / b3 - f          so that  m = f b + h b3 n

Both are smooth and even in b3 and in b12, so a table continues beyond an edge at zero instead of being mirrored; the same
holds for alpha_K, where it continues to negative values. Nodes are equidistant in the stretched coordinate
``u = x / (1 + x / c)`` because the moment is steepest near zero, and coefficients are those of the interpolating
cubic B-spline.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.special import i0e, i1e

from mpipipe.compiled.threads import on_threads
from mpipipe.errors import InputError
from mpipipe.physics.interpolation import block_moments
from mpipipe.physics.magnetization import nodes_for
from mpipipe.physics.tabulation import TOGETHER, integrate, solve_spline

FloatArray = npt.NDArray[np.float64]

STEP_ALONG, STEP_ACROSS, STEP_ALPHA = 0.06, 0.1, 0.2
"""Spacing of the nodes in the stretched coordinates; the moment is steepest along the easy axis."""
STRETCH = 16.0
GUARD = 5  # extra nodes while solving for the spline: an edge's influence falls by 0.268 a node
MARGIN = 2  # extra nodes that are kept: what a cell at the edge touches


@dataclass(frozen=True)
class Axis:
    """One axis of a table: nodes ``step * (j - margin)`` in the stretched coordinate.

    Attributes
    ----------
    largest : float
        Largest argument, at least 0.
    step : float
        Spacing of the nodes in the stretched coordinate.
    stretch : float
        Scale c of the stretched coordinate.
    """

    largest: float
    step: float
    stretch: float

    @classmethod
    def covering(cls, largest: float, step: float, shares: int = 4) -> Self:
        """Return an axis from 0 to `largest`, with a stretch of at least ``largest / shares``."""
        return cls(largest, step, max(STRETCH, largest / shares))

    def nodes(self) -> FloatArray:
        """Return the arguments at the nodes, guard nodes included."""
        cells = int(np.ceil(self.largest / (1 + self.largest / self.stretch) / self.step))
        u = self.step * np.arange(-GUARD, cells + GUARD + 1)
        return u / (1 - u / self.stretch)


@dataclass(frozen=True)
class MomentTable:
    """B-spline coefficients of f and h.

    Attributes
    ----------
    coefficients : (alpha, b3, b12, function) ndarray of float64
        `function` is (f, h). There is one layer along alpha where alpha_K is a constant.
    alpha : Axis
        Anisotropy energy over ``kB T``; only its largest value where alpha_K is a constant.
    along, across : Axis
        Dimensionless field along and across the easy axis.
    """

    coefficients: FloatArray
    alpha: Axis
    along: Axis
    across: Axis

    @classmethod
    def build(
        cls,
        alpha_K: float,
        b3: float,
        b12: float,
        *,
        varying: bool = False,
        refine: float = 1.0,
        threads: int | None = None,
    ) -> Self:
        """Tabulate the moment up to the largest arguments given.

        Parameters
        ----------
        alpha_K : float
            The one value, or with `varying` the largest value, of the anisotropy energy over ``kB T``.
        b3, b12 : float
            Largest dimensionless field along and across the easy axis.
        varying : bool
            Tabulate over ``0 <= alpha_K <= largest`` too, as fluid particles need.
        refine : float
            Divides the spacing of all axes; the error falls with its fourth power.
        threads : int, optional
            Number of threads, which does not change the result; default all processors that the process may use.
        """
        along = Axis.covering(b3, STEP_ALONG / refine)
        across = Axis.covering(b12, STEP_ACROSS / refine)
        alpha = Axis.covering(alpha_K, STEP_ALPHA / refine, shares=2)
        layers = alpha.nodes() if varying else np.array([alpha_K])
        found = _coefficients(layers, along.nodes(), across.nodes(), threads, varying=varying)
        return cls(found, alpha, along, across)

    @property
    def varying(self) -> bool:
        """Whether the table has an axis along alpha_K."""
        return len(self.coefficients) > 1

    def check_covers(self, alpha_K: FloatArray, b3: float, b12: float) -> None:
        """Raise InputError unless the table reaches these arguments."""
        low, high = 0.0 if self.varying else self.alpha.largest, self.alpha.largest
        slack = 1 + 1e-9
        if alpha_K.min() * slack < low or alpha_K.max() > high * slack:
            found = f"[{alpha_K.min():.6g}, {alpha_K.max():.6g}]"
            raise InputError(
                f"table: found alpha_K in {found}, expected it within the table's [{low:.6g}, {high:.6g}]"
            )
        for name, value, axis in (("b3", b3, self.along), ("b12", b12, self.across)):
            if value > axis.largest * slack:
                raise InputError(
                    f"table: found |{name}| up to {value:.6g}, expected at most the table's {axis.largest:.6g}"
                )

    def moments(
        self,
        alpha_K: FloatArray,
        easy_axis: FloatArray,
        offset: FloatArray,
        field: FloatArray,
        out: FloatArray,
    ) -> None:
        """Interpolate the moment for the fields ``offset + field`` of a block of voxels.

        Parameters
        ----------
        alpha_K : (voxel,) ndarray of float64
            Anisotropy energy over ``kB T``.
        easy_axis : (voxel, 3) ndarray of float64
            Unit vectors.
        offset : (voxel, 3) ndarray of float64
            Dimensionless selection field.
        field : (3, time) ndarray of float64
            Dimensionless drive field.
        out : (voxel, 3, time) ndarray of float64
            Where the moment over saturation is written. Arguments are not checked against the table, see
            :meth:`check_covers`.
        """
        axes = np.array([(axis.step, axis.stretch) for axis in (self.alpha, self.along, self.across)])
        block_moments(self.coefficients, axes, MARGIN, alpha_K, easy_axis, offset, field, out)


def moment_by_table(b: FloatArray, alpha_K: float, easy_axis: FloatArray) -> FloatArray:
    """Return the mean moment ``(..., 3)`` for dimensionless fields ``(..., 3)`` by a table made for them."""
    if not b.size:
        return np.zeros_like(b)
    field = np.ascontiguousarray(b.reshape(-1, 3).T)
    along = easy_axis @ field
    across = np.linalg.norm(field - np.outer(easy_axis, along), axis=0)
    table = MomentTable.build(
        alpha_K, float(np.max(np.abs(along), initial=0)), float(np.max(across, initial=0))
    )
    out = np.empty((1, *field.shape))
    table.moments(np.array([alpha_K]), easy_axis[None], np.zeros((1, 3)), field, out)
    return np.ascontiguousarray(out[0].T).reshape(b.shape)


def _coefficients(
    alpha_K: FloatArray, b3: FloatArray, b12: FloatArray, threads: int | None, *, varying: bool
) -> FloatArray:
    """Return B-spline coefficients of f and h at nodes, guard nodes dropped: layers on threads, then along alpha."""
    layer = _layers(alpha_K, b3, b12)
    cut = slice(GUARD - MARGIN, MARGIN - GUARD)

    def write(number: int) -> None:
        values = layer(number)
        _solve_first(values)
        turned = np.ascontiguousarray(_pairs(values)[cut].T).view(np.float64).reshape(len(b12), -1, 2)
        _solve_first(turned)
        _pairs(found[number])[:] = _pairs(turned)[cut].T

    shape = np.array((len(b3), len(b12))) - 2 * (GUARD - MARGIN)
    found = np.empty((len(alpha_K), *shape, 2))
    for _ in on_threads(write, range(len(alpha_K)), threads):
        pass
    if not varying:
        return found
    _solve_first(found)
    return found[cut]


def _pairs(values: FloatArray) -> npt.NDArray[np.complex128]:
    """Return f and h as one number, which a transpose moves in one piece."""
    return values.view(np.complex128)[..., 0]


def _solve_first(values: FloatArray) -> None:
    """Replace values by B-spline coefficients along the first axis, in place."""
    solve_spline(values.reshape(1, len(values), -1))


def _layers(alpha_K: FloatArray, b3: FloatArray, b12: FloatArray) -> Callable[[int], FloatArray]:
    """Return what gives f and h ``(b3, b12, function)`` of a layer along alpha by Gauss-Legendre quadrature.

    The integrand is a product of functions of alpha_K, b3 and b12 at each quadrature node, so a layer of the table is
    three products of small matrices. Positive and negative nodes are paired, which leaves cosh and sinh: no term is negative.
    Each factor is scaled by its largest exponential, which cancels in the ratios.
    """
    largest = float(np.hypot(np.abs(b3).max(), np.abs(b12).max()))
    # Two thirds of the nodes leave an error of 2e-9, far below the error of the interpolation.
    nodes = 2 * (nodes_for(float(np.abs(alpha_K).max()), largest) // 3)
    t, weight = np.polynomial.legendre.leggauss(nodes)
    t, weight = (np.pad(found[t > 0], (0, int(-np.count_nonzero(t > 0) % TOGETHER))) for found in (t, weight))
    s = np.sqrt(1 - t * t)
    y, x = np.outer(np.abs(b3), t), np.outer(np.abs(b12), s)
    fall, rise = np.exp(-y - np.abs(b3)[:, None]), np.exp(y - np.abs(b3)[:, None])
    cosh = (rise + fall) / 2
    sinh = t**2 * np.where(y < 1e-4, cosh * (1 - y**2 / 3), (rise - fall) / (2 * np.where(y > 0, y, 1.0)))
    scale = np.exp(x - np.abs(b12)[:, None])
    bessel_0 = i0e(x) * scale
    bessel_1 = s**2 * scale * np.where(x < 1e-5, 0.5 - x / 2, i1e(x) / np.where(x > 0, x, 1.0))
    density = weight * np.exp(alpha_K[:, None] * (t**2 - (alpha_K[:, None] > 0)))
    across_0, across_1 = np.ascontiguousarray(bessel_0.T), np.ascontiguousarray(bessel_1.T)
    return lambda number: integrate(density[number], cosh, sinh, across_0, across_1)
