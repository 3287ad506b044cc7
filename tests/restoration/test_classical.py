import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpipipe.errors import InputError
from mpipipe.restoration.biharmonic import inpaint
from mpipipe.restoration.classical import CLASSICAL
from mpipipe.restoration.dct import dct_filter
from mpipipe.restoration.method import Restorer
from mpipipe.restoration.multiplier import constant_multiplier
from mpipipe.restoration.phase import project_on_phase
from mpipipe.restoration.splines import interpolate
from tests.restoration.cases import COMPLETE, CURVE, INPAINTING, UPSAMPLING, build, case, noise

ODD_GRIDS = [(1, 1), (1, 7), (2, 2), (5, 11), (13, 8), (1, 1, 1), (2, 7, 3), (5, 4, 6)]


def test_names():
    assert COMPLETE == ["DCT-F", "DCT-F (multiplier 3)", "DCT-F (one phase)"]
    assert [
        f"{name}{kind}"
        for name in ("Bicubic", "Tricubic")
        for kind in ("", " (shifted grid)", " (DCT-F first)")
    ] == UPSAMPLING
    assert INPAINTING == ["Biharmonic", "Biharmonic (then DCT-F)"]
    assert {*COMPLETE, *UPSAMPLING, *INPAINTING} == set(CLASSICAL)


@pytest.mark.parametrize("name", CLASSICAL)
@settings(deadline=None, max_examples=25)
@given(
    exponent=st.integers(-15, 15),
    phase=st.floats(-4, 4),
    seed=st.integers(0, 50),
    grid=st.one_of(st.tuples(*[st.integers(1, 9)] * 2), st.tuples(*[st.integers(1, 5)] * 3)),
)
def test_every_method_commutes_with_scale_and_phase(name, exponent, phase, seed, grid):
    restorer, observed = build(name), case(name, grid, seed)
    factor = np.complex64(10.0**exponent * np.exp(1j * phase))
    expected = factor * observed.restored_by(restorer, 0.3).astype(complex)
    restored = observed.times(factor).restored_by(restorer, 10.0**exponent * 0.3)
    assert isinstance(restorer, Restorer)
    assert restored.shape == (3, *grid)
    assert restored.dtype == np.complex64
    np.testing.assert_allclose(restored, expected, atol=5e-5 * 10.0**exponent, rtol=0)


@pytest.mark.parametrize("name", CLASSICAL)
@pytest.mark.parametrize("grid", ODD_GRIDS)
def test_odd_and_tiny_grids(name, grid):
    restored = case(name, grid).restored_by(build(name), 0.2)
    assert restored.shape == (3, *grid)
    assert np.isfinite(restored).all()


@pytest.mark.parametrize("name", CLASSICAL)
@pytest.mark.parametrize("grid", [(6, 7), (4, 5, 3)])
def test_components_do_not_depend_on_each_other(name, grid):
    restorer, observed = build(name), case(name, grid, count=4)
    sigma = np.array([0.1, 0.2, 0.3, 0.4])
    alone = [observed.part(slice(i, i + 1)).restored_by(restorer, sigma[i])[0] for i in range(4)]
    np.testing.assert_allclose(observed.restored_by(restorer, sigma), alone, atol=1e-6)


@pytest.mark.parametrize("name", CLASSICAL)
def test_no_component_gives_none(name):
    observed = case(name, (6, 7)).part(slice(0, 0))
    assert observed.restored_by(build(name), np.zeros(0)).shape == (0, 6, 7)


def test_constant_multiplier_is_the_plain_filter():
    image = noise((2, 8, 8))
    plain = dct_filter(image, 0.5, 3.0)
    assert np.array_equal(CLASSICAL["DCT-F"].restorer(constant_multiplier(3.0)).apply(image, 0.5), plain)
    one_phase = CLASSICAL["DCT-F (one phase)"].restorer(constant_multiplier(3.0)).apply(image, 0.5)
    assert np.array_equal(one_phase, project_on_phase(plain))


@pytest.mark.parametrize("prefix", ["Bicubic", "Tricubic"])
def test_upsampling_denoises_the_measured_grid_first(prefix):
    curve, observed = constant_multiplier(1.5), noise((2, 4, 5))
    built = CLASSICAL[f"{prefix} (DCT-F first)"].restorer(curve)
    expected = interpolate(dct_filter(observed, 0.4, 1.5), (8, 9), 2)
    np.testing.assert_allclose(built.apply(observed, 0.4, grid=(8, 9)), expected, atol=1e-6)
    shifted = CLASSICAL[f"{prefix} (shifted grid)"].restorer(curve).apply(observed, 0.4, grid=(8, 9))
    assert np.array_equal(shifted, interpolate(observed, (8, 9), 2, shifted=True))


def test_inpainting_fills_first_and_denoises_all_voxels():
    observed = case("Biharmonic", (9, 8))
    known = observed.arguments["known"]
    filled = inpaint(observed.observed, known)
    assert np.array_equal(observed.restored_by(build("Biharmonic"), 0.4), filled)
    built = CLASSICAL["Biharmonic (then DCT-F)"].restorer(constant_multiplier(1.5))
    np.testing.assert_allclose(observed.restored_by(built, 0.4), dct_filter(filled, 0.4, 1.5), atol=1e-6)


@pytest.mark.parametrize("name", CLASSICAL)
@pytest.mark.parametrize("bad", [np.nan, np.inf, complex(0, np.nan), complex(0, -np.inf)])
def test_nan_and_infinity_in_measured_voxels_are_refused(name, bad):
    observed = case(name, (6, 7))
    known = observed.arguments.get("known", np.ones(observed.observed.shape, bool))
    observed.observed[tuple(np.argwhere(known)[5])] = bad
    refused(lambda: observed.restored_by(build(name), 0.2), "found NaN or infinity in measured voxels")


@pytest.mark.parametrize("name", INPAINTING)
@pytest.mark.parametrize("junk", [np.nan, np.inf, 1e30])
def test_anything_may_stand_in_missing_voxels(name, junk):
    observed = case(name, (6, 7))
    expected = observed.restored_by(build(name), 0.2)
    observed.observed[~observed.arguments["known"]] = junk
    assert np.array_equal(observed.restored_by(build(name), 0.2), expected)


@pytest.mark.parametrize("name", [*COMPLETE, *UPSAMPLING])
def test_missing_voxels_are_refused_where_they_cannot_be_filled(name):
    observed = case(name, (6, 7))
    known = np.ones(observed.observed.shape, bool)
    restored = build(name).apply(observed.observed, 0.2, known=known, **observed.arguments)
    assert np.array_equal(restored, observed.restored_by(build(name), 0.2))
    known[1, 0, 0] = False
    refused(
        lambda: build(name).apply(observed.observed, 0.2, known=known, **observed.arguments),
        "found missing voxels, expected a complete grid",
    )


@pytest.mark.parametrize("name", CLASSICAL)
@pytest.mark.parametrize("grid", [(5, 7), (7, 6), (20, 31), (6, 7, 1)])
def test_a_grid_that_does_not_fit_is_refused(name, grid):
    image = noise((2, 6, 7))
    refused(lambda: build(name).apply(image, 0.2, grid=grid), r"found .*\(6, 7\)")


@pytest.mark.parametrize("name", CLASSICAL)
@pytest.mark.parametrize("shape", [(6, 7), (1, 2, 3, 4, 5), (2, 0, 5)])
def test_what_is_no_component_is_refused(name, shape):
    refused(lambda: build(name).apply(np.zeros(shape, np.complex64), 0.2), "found shape")


@pytest.mark.parametrize("name", CLASSICAL)
def test_wrong_masks_are_refused(name):
    image = noise((2, 6, 7))
    refused(lambda: build(name).apply(image, 0.2, known=np.ones((6, 7), bool)), "found a mask of")
    refused(lambda: build(name).apply(image, 0.2, known=np.ones(image.shape)), "found a mask of float64")
    nothing = np.ones(image.shape, bool)
    nothing[1] = False
    refused(lambda: build(name).apply(image, 0.2, known=nothing), "without a measured voxel")


def refused(call, message):
    """One line that says what was found and what was expected."""
    with pytest.raises(InputError, match=message) as caught:
        call()
    line = str(caught.value)
    assert "\n" not in line
    assert "found" in line
    assert "expected" in line


def test_curve_passes_through_its_points_and_is_constant_beyond():
    np.testing.assert_allclose(CURVE.at(np.array([0.05, 0.1, 0.4])), [0.8, 1.0, 1.6])
    np.testing.assert_allclose(CURVE.at(np.array([0.0, 1e-9, 5.0])), [0.8, 0.8, 1.6])
    assert CURVE.at(np.array([0.2]))[0] == pytest.approx(1.3)
