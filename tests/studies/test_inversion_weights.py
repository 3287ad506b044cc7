import numpy as np
import pytest
from scipy.integrate import quad

from mpipipe.errors import InputError
from mpipipe.reconstruction.svd_inverse import SvdInverse
from mpipipe.studies.inversion_weights import (
    acting_part,
    central_voxels,
    chebyshev_columns,
    effective_weights,
    exact_inverse,
    matched_columns,
    similarity,
    similarity_rows,
)
from tests.reconstruction.line_systems import AMPLITUDE_MM, ideal_system, line_system


def drawn(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


@pytest.fixture(scope="module")
def scanner():
    return line_system(40)


def test_columns_are_the_polynomials_of_the_second_kind():
    x = np.linspace(-15.9, 15.9, 40)
    theta = np.arccos(x / AMPLITUDE_MM)
    k = np.arange(1, 201)
    np.testing.assert_allclose(
        chebyshev_columns(x, AMPLITUDE_MM, 200),
        np.sin(k * theta[:, None]) / np.sin(theta)[:, None],
        atol=1e-9,
    )
    np.testing.assert_allclose(chebyshev_columns([AMPLITUDE_MM], AMPLITUDE_MM, 200), [k], rtol=1e-12)


@pytest.mark.parametrize("first, second", [(1, 1), (3, 3), (3, 5), (2, 7)])
def test_columns_are_orthogonal_with_the_weight_that_system_functions_carry(first, second):
    def integrand(z):
        columns = chebyshev_columns([z], 1.0, 7)[0]
        return columns[first - 1] * columns[second - 1] * np.sqrt(1 - z * z)

    assert quad(integrand, -1, 1)[0] == pytest.approx(np.pi / 2 * (first == second), abs=1e-9)


@pytest.mark.parametrize("voxels", [20, 129])
def test_the_inverse_of_an_ideal_particle_has_exactly_the_weighted_columns(voxels):
    # At the nodes cos(theta_j) of a sine transform S = sin(k theta_j), whose inverse is 2/(n + 1) of its transpose; the nodes
    # stand as densely as 1/sin(theta), so that the columns over sin(theta) are those of evenly spaced voxels.
    S, x = ideal_system(voxels, voxels)
    density = np.sqrt(1 - (x / AMPLITUDE_MM) ** 2)
    W = exact_inverse(S) / density[:, None]
    np.testing.assert_allclose(
        (voxels + 1) / 2 * W, chebyshev_columns(x, AMPLITUDE_MM, voxels), atol=1e-9 * voxels
    )
    np.testing.assert_allclose(similarity(W, x, AMPLITUDE_MM, share=1.0).cosine, 1, atol=1e-12)


def test_system_functions_of_large_particles_approach_the_ideal_ones():
    # The magnetisation is 1 while cos(phase) > −x/A and −1 otherwise; k times its cosine coefficients are 4/pi sin(k theta).
    S, x = line_system(150, harmonics=5, voxels=33, samples=1 << 14)
    inner = np.abs(x) < 15
    theta = np.arccos(-x[inner] / AMPLITUDE_MM)
    np.testing.assert_allclose(S[:, inner], 4 / np.pi * np.sin(np.arange(1, 6)[:, None] * theta), atol=0.02)


def test_similarity_is_that_of_the_definition(scanner):
    _, x = scanner
    W = drawn(129, 12)
    inside = np.abs(x) <= 12.8
    for weighted in (False, True):
        weight = np.sqrt(1 - (x[inside] / 16) ** 2) if weighted else np.ones(inside.sum())
        U = chebyshev_columns(x[inside], 16, 12)
        expected = [
            abs(np.sum(weight * w * p)) / np.sqrt(np.sum(weight * w * w) * np.sum(weight * p * p))
            for w, p in zip(W[inside].T, U.T, strict=True)
        ]
        found = similarity(W, x, 16, physical_weight=weighted).cosine
        np.testing.assert_allclose(found, expected, atol=1e-12)


def test_factors_signs_and_the_ends_of_the_field_do_not_matter(scanner):
    _, x = scanner
    U = chebyshev_columns(x, AMPLITUDE_MM, 60)
    W = U * drawn(60, seed=1)
    W[~central_voxels(x, AMPLITUDE_MM)] = 1e3
    found = similarity(W, x, AMPLITUDE_MM)
    np.testing.assert_allclose(found.cosine, 1, atol=1e-12)
    assert found.leading == found.alike == 60 and found.lowest_of_50 == pytest.approx(1)
    matched = matched_columns(W, U, central_voxels(x, AMPLITUDE_MM))
    np.testing.assert_allclose(matched[14:-14], U[14:-14], atol=1e-9)


def test_columns_that_are_alike_are_counted_from_the_first(scanner):
    _, x = scanner
    W = chebyshev_columns(x, AMPLITUDE_MM, 10)
    W[:, 4] = 0
    W[:, 7] = W[:, 6]  # even where odd
    found = similarity(W, x, AMPLITUDE_MM)
    assert (found.leading, found.alike) == (4, 8)
    np.testing.assert_allclose(found.cosine[[4, 7]], 0, atol=1e-12)


def test_effective_weights_map_spectra_as_the_linear_network_does():
    scale = np.random.default_rng(2).uniform(0.5, 2, 7)
    first, second, spectra = drawn(5, 7), drawn(9, 5, seed=3), drawn(4, 7, seed=4)
    expected = (spectra / scale) @ first.T @ second.T
    np.testing.assert_allclose(spectra @ effective_weights([first, second], scale).T, expected, atol=1e-12)
    np.testing.assert_allclose(effective_weights([first], 4.0), first / 4)


def test_what_no_scene_feels_is_removed_from_weights(scanner):
    S, _ = scanner
    inverse = SvdInverse.of(S)
    exact = exact_inverse(S)
    scale = np.sqrt((S**2).sum(axis=1))
    for W in (exact, exact_inverse(S, scale=scale), exact + _nowhere(S)):
        np.testing.assert_allclose(W @ S, np.eye(129), atol=1e-9)
        np.testing.assert_allclose(acting_part(W, inverse), exact, atol=1e-9)
    assert np.abs(exact_inverse(S, scale=scale) - exact).max() > 0.01 * np.abs(exact).max()


def _nowhere(S):
    """Random weights that are zero on all spectra of scenes."""
    R = drawn(S.shape[1], len(S), seed=5)
    return R - R @ S @ np.linalg.pinv(S)


@pytest.mark.parametrize("regularization", [0.0, 0.05])
def test_the_exact_inverse_is_that_of_the_normal_equations(scanner, regularization):
    S, _ = scanner
    weight = (regularization * np.linalg.norm(S, 2)) ** 2
    expected = np.linalg.solve(S.T @ S + weight * np.eye(129), S.T)
    np.testing.assert_allclose(exact_inverse(S, regularization), expected, atol=1e-9 * np.abs(expected).max())


def test_the_exact_inverse_follows_the_polynomials_for_about_a_hundred_harmonics_at_40_nm(scanner):
    S, x = scanner
    plain = similarity(exact_inverse(S), x, AMPLITUDE_MM)
    assert plain.lowest_of_50 > 0.98
    assert 70 <= plain.leading <= plain.alike <= 130
    # A small particle's inverse leaves the polynomials at once.
    small = similarity(exact_inverse(line_system(25)[0]), x, AMPLITUDE_MM)
    assert small.leading < 5


def test_rows_hold_the_similarity_at_the_harmonics_asked_for(scanner):
    S, x = scanner
    weights = {"Exact": exact_inverse(S), "Short": chebyshev_columns(x, AMPLITUDE_MM, 60)}
    exact, short = similarity_rows(weights, x, AMPLITUDE_MM, (1, 50, 100))
    found = similarity(weights["Exact"], x, AMPLITUDE_MM)
    assert exact["weights"] == "Exact" and exact["100"] == found.cosine[99] and exact["alike"] == found.alike
    assert list(short) == ["weights", "1", "50", "lowest_of_50", "leading", "alike"]


def test_bad_input_is_refused(scanner):
    S, x = scanner
    with pytest.raises(InputError, match="layers: found none"):
        effective_weights([], 1.0)
    with pytest.raises(InputError, match="layers: found"):
        effective_weights([drawn(5, 7), drawn(9, 4)], 1.0)
    for scale in (0.0, np.ones(6), np.zeros(7)):
        with pytest.raises(InputError, match="scale"):
            effective_weights([drawn(5, 7)], scale)
    with pytest.raises(InputError, match="scale"):
        exact_inverse(S, scale=np.zeros(len(S)))
    with pytest.raises(InputError, match="amplitude_mm"):
        chebyshev_columns(x, 0.0, 3)
    with pytest.raises(InputError, match="position_mm"):
        similarity(drawn(128, 3), x, AMPLITUDE_MM)
