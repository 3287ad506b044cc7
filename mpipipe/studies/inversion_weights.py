r"""Learned weights beside Chebyshev polynomials of the second kind (Chae 2017, section IV.1, figures 10 and 11).

What the columns of an inverse are. With ``z = x/A`` and ``z = cos(theta)`` an ideal particle, whose magnetisation jumps where
the field vanishes, answers a cosine drive with two opposite pulses a period, so that harmonic k has the system function

.. math:: s_k(x) \propto \sin(k \theta) = U_{k-1}(z) \sqrt{1 - z^2}, \qquad k = 1, 2, \dots

The polynomials are orthogonal with the weight that the system functions already carry,
``\int U_n U_m sqrt(1 - z^2) dz = pi/2 delta_nm`` (equation 11). Therefore ``u_k = \int s_k c dx`` are the coefficients of c in
the polynomials themselves, and ``c(x) = const * sum_k U_{k-1}(x/A) u_k``: column k of the inverse is U_{k-1} without the weight.

Why real columns differ. A particle of finite size blurs the system functions; its inverse sharpens as well, which leaves low k
as they are and turns high k. There are more harmonics than voxels: the spectra of scenes fill only a part of all spectra, and
weights may be anything on the rest. `acting_part` removes that rest, `exact_inverse` shows what a perfect inverse reaches.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import eval_chebyu

from mpipipe.errors import InputError
from mpipipe.reconstruction.svd_inverse import SvdInverse

Array = npt.NDArray[np.float64]

CENTRAL_SHARE = 0.8
ALIKE = 0.95


@dataclass(frozen=True)
class WeightSimilarity:
    """How much the columns of some weights are like the polynomials.

    Attributes
    ----------
    cosine : (harmonic,) ndarray of float64
        Modulus of the cosine similarity of each column, from 0 to 1.
    leading : int
        Columns before the first one that is not above `ALIKE`.
    alike : int
        Columns above `ALIKE`.
    """

    cosine: Array
    leading: int
    alike: int

    @property
    def lowest_of_50(self) -> float:
        """Smallest value of the first 50 columns."""
        return float(self.cosine[:50].min())


def chebyshev_columns(position_mm: npt.ArrayLike, amplitude_mm: float, harmonics: int) -> Array:
    """Return the columns of an ideal inverse, ``U_{k-1}(x/A)`` for k = 1, ..., `harmonics`.

    Parameters
    ----------
    position_mm : (voxel,) array_like of float
        Centres x of voxels, in mm.
    amplitude_mm : float
        Largest excursion A of the field-free point, in mm.
    harmonics : int
        Columns.

    Returns
    -------
    (voxel, harmonic) ndarray of float64
        Not normalised: ``U_{k-1}(1) = k``.

    Raises
    ------
    InputError
        An amplitude that is not positive.
    """
    if not 0 < amplitude_mm < np.inf:
        raise InputError(f"amplitude_mm: found {amplitude_mm:g}, expected a positive length")
    z = np.asarray(position_mm, np.float64) / amplitude_mm
    return np.asarray(eval_chebyu(np.arange(harmonics), z[:, None]))


def effective_weights(layers: Sequence[npt.ArrayLike], scale: npt.ArrayLike) -> Array:
    """Return the weights of spectra in their own unit: the product of all layers, with the input scaling undone.

    A network that sees ``u/scale`` and maps it by W1, then W2, has the inverse kernel ``W2 W1 diag(1/scale)``. Sigmoid units
    between them have one slope at their centre, a factor that the cosine similarity does not see.

    Parameters
    ----------
    layers : sequence of (output, input) array_like of float
        Weight matrices, the first one that of the inputs.
    scale : (harmonic,) or () array_like of float
        What the inputs were divided by.

    Returns
    -------
    (voxel, harmonic) ndarray of float64

    Raises
    ------
    InputError
        Layers or a scale that do not fit each other, or a scale of zero.
    """
    if not layers:
        raise InputError("layers: found none, expected the weights of a layer at least")
    product, *later = (np.asarray(layer, np.float64) for layer in layers)
    divisor = _divisor(scale, product.shape[-1])
    for layer in later:
        if layer.shape[1:] != product.shape[:1]:
            raise InputError(f"layers: found {layer.shape} after {product.shape}, expected (output, input)")
        product = layer @ product
    return np.asarray(product / divisor)


def acting_part(weights: npt.ArrayLike, inverse: SvdInverse) -> Array:
    """Return the part of weights that spectra of scenes feel, ``W U U^T``, as ``(voxel, harmonic)``.

    Spectra ``u = S c`` lie in the span of U. What W does elsewhere changes no noise-free estimate and is not learned: it remains
    as it was drawn before training. A linear network without any error has the pseudo-inverse of S as acting part, whatever the
    scaling of its inputs.

    Parameters
    ----------
    weights : (voxel, harmonic) array_like of float
        W for spectra in their own unit.
    inverse : SvdInverse
        Factorised system matrix S.

    Raises
    ------
    InputError
        Weights of other harmonics than the matrix has.
    """
    return np.asarray(inverse.coordinates(weights) @ inverse.left.T)


def exact_inverse(
    matrix: npt.ArrayLike, regularization: float = 0.0, scale: npt.ArrayLike | None = None
) -> Array:
    """Return the Tikhonov inverse as weights of spectra in their own unit, the ceiling of what is learned.

    Parameters
    ----------
    matrix : (harmonic, voxel) array_like of float
        System matrix S.
    regularization : float
        Parameter over the largest singular value; 0 is the pseudo-inverse.
    scale : (harmonic,) array_like of float, optional
        What the inputs of a network are divided by. The inverse is then that of the scaled matrix: as good for spectra of
        scenes, but another one elsewhere, as the shortest weights of scaled inputs are others.

    Returns
    -------
    (voxel, harmonic) ndarray of float64
    """
    S = np.asarray(matrix, np.float64)
    divisor = _divisor(1.0 if scale is None else scale, len(S))
    inverse = SvdInverse.of(S / divisor[:, None])
    return np.asarray(inverse.tikhonov(np.eye(len(S)), regularization).T / divisor)


def central_voxels(
    position_mm: npt.ArrayLike, amplitude_mm: float, share: float = CENTRAL_SHARE
) -> npt.NDArray[np.bool_]:
    """Return which voxels ``(voxel,)`` lie in the central share of the field, ``|x| <= share A``."""
    return np.asarray(np.abs(np.asarray(position_mm, np.float64)) <= share * amplitude_mm)


def similarity(
    weights: npt.ArrayLike,
    position_mm: npt.ArrayLike,
    amplitude_mm: float,
    *,
    share: float = CENTRAL_SHARE,
    physical_weight: bool = False,
) -> WeightSimilarity:
    r"""Return the cosine similarity of each column of weights and its polynomial, whatever the sign.

    .. math:: \frac{|\langle w_k, U_{k-1} \rangle|}{\|w_k\| \|U_{k-1}\|}

    Not the correlation, which is undefined for the constant U_0. A factor of a column does not matter, so the scaling of inputs
    decides nothing here once the undetermined part of the weights is gone. At the ends of the field, where the signal vanishes
    as ``sqrt(1 - z^2)``, no inverse follows the polynomials, so that voxels of the central share are compared.

    Parameters
    ----------
    weights : (voxel, harmonic) array_like of float
        W; column k belongs to harmonic k from 1 on.
    position_mm : (voxel,) array_like of float
        Centres of voxels, in mm.
    amplitude_mm : float
        Largest excursion of the field-free point, in mm.
    share : float
        Share of the field that is compared.
    physical_weight : bool
        Take inner products with ``sqrt(1 - z^2)``, under which the polynomials are orthogonal on the whole field.

    Returns
    -------
    WeightSimilarity
        A column of zeros has similarity 0.

    Raises
    ------
    InputError
        Weights of other voxels, or no voxel in the share.
    """
    W, x = np.asarray(weights, np.float64), np.asarray(position_mm, np.float64)
    where = central_voxels(x, amplitude_mm, share)
    if W.ndim != 2 or x.shape != W.shape[:1] or not where.any():
        raise InputError(
            f"weights, position_mm: found shapes {W.shape} and {x.shape}, expected (voxel, harmonic) and (voxel,) with a voxel "
            f"within {share * amplitude_mm:g} mm"
        )
    polynomials = chebyshev_columns(x[where], amplitude_mm, W.shape[1])
    if physical_weight:
        root = np.maximum(1 - (x[where] / amplitude_mm) ** 2, 0) ** 0.25
        cosine = _cosine(W[where] * root[:, None], polynomials * root[:, None])
    else:
        cosine = _cosine(W[where], polynomials)
    alike = cosine > ALIKE
    return WeightSimilarity(cosine, int(np.argmin(np.append(alike, False))), int(np.count_nonzero(alike)))


def similarity_rows(
    weights: Mapping[str, npt.ArrayLike],
    position_mm: npt.ArrayLike,
    amplitude_mm: float,
    harmonics: Sequence[int],
) -> list[dict[str, str | int | float]]:
    """Return the rows of a table: the similarity of each network's weights at some harmonics.

    Parameters
    ----------
    weights : mapping of str to (voxel, harmonic) array_like of float
        Weights by the name of what they are of.
    position_mm, amplitude_mm
        As of `similarity`.
    harmonics : sequence of int
        Harmonics k from 1 on that have a column, named by their number.

    Returns
    -------
    list of dict
        ``weights``, the name; the similarity by ``k``; ``lowest_of_50``, ``leading`` and ``alike`` as of `WeightSimilarity`.
    """
    rows: list[dict[str, str | int | float]] = []
    for name, matrix in weights.items():
        found = similarity(matrix, position_mm, amplitude_mm)
        at = {f"{k}": float(found.cosine[k - 1]) for k in harmonics if k <= len(found.cosine)}
        counts = {"lowest_of_50": found.lowest_of_50, "leading": found.leading, "alike": found.alike}
        rows.append({"weights": name, **at, **counts})
    return rows


def matched_columns(weights: Array, polynomials: Array, where: npt.NDArray[np.bool_]) -> Array:
    """Return weights, each column with the factor that brings it nearest to its polynomial, for figures of both.

    Parameters
    ----------
    weights, polynomials : (voxel, harmonic) ndarray of float64
        As of `effective_weights` and `chebyshev_columns`.
    where : (voxel,) ndarray of bool
        Voxels that decide the factor, as of `central_voxels`; a column of zeros there stays as it is.
    """
    W, P = weights[where], polynomials[where]
    inner, energy = (W * P).sum(axis=0), (W**2).sum(axis=0)
    return np.asarray(weights * np.divide(inner, energy, out=np.ones_like(inner), where=energy > 0))


def _divisor(scale: npt.ArrayLike, harmonics: int) -> Array:
    """Return the scale of inputs as ``(harmonic,)``."""
    found = np.asarray(scale, np.float64)
    if found.shape not in ((), (harmonics,)) or not (found > 0).all():
        raise InputError(
            f"scale: found {found.shape}, expected one positive value, or one an input ({harmonics},)"
        )
    return np.broadcast_to(found, harmonics)


def _cosine(first: Array, second: Array) -> Array:
    inner = np.abs((first * second).sum(axis=0))
    norms = np.linalg.norm(first, axis=0) * np.linalg.norm(second, axis=0)
    return np.asarray(np.divide(inner, norms, out=np.zeros_like(inner), where=norms > 0))
