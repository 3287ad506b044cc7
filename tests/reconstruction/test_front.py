import numpy as np
import pytest
import xarray as xr

from mpipipe.config.reconstruct import KaczmarzConfig
from mpipipe.errors import InputError
from mpipipe.reconstruction.front import reconstruct
from mpipipe.reconstruction.kaczmarz import solve
from mpipipe.reconstruction.methods import METHODS
from tests.reconstruction.systems import random_system

SETTINGS = {"regularization": 0.1, "iterations": 5}
SHAPE = (3, 8, 2, 5)  # channel, frequency, x, y


@pytest.fixture
def rows():
    """(component, voxel) matrix and (batch, component) signals of the labelled matrix below."""
    return random_system(0, 24, 10, batch=2)


@pytest.fixture
def labelled(rows):
    """The same matrix with names; every third component is not kept."""
    coords = {
        "frequency": np.arange(8),
        "frequency_Hz": ("frequency", 1e4 * np.arange(8)),
        "snr": (("channel", "frequency"), np.arange(24.0).reshape(3, 8)),
        "x": [1.0, 2.0],
        "channel": ["x", "y", "z"],
    }
    S = xr.DataArray(rows[0].reshape(SHAPE).copy(), dims=("channel", "frequency", "x", "y"), coords=coords)
    S.values.reshape(24, 10)[::3] = np.nan
    return S


def expected(rows, kept, **settings):
    return solve(rows[0][kept], rows[1][:, kept], KaczmarzConfig(**SETTINGS, **settings)).image.reshape(
        2, 2, 5
    )


KEPT = np.arange(24) % 3 > 0


def test_labelled_matrix_without_the_rows_that_are_not_kept(rows, labelled):
    signal = rows[1].copy()
    signal[:, ~KEPT] = np.nan
    image = reconstruct(labelled, signal.reshape(2, 3, 8), **SETTINGS)
    np.testing.assert_array_equal(image.values, expected(rows, KEPT))
    assert image.dims == ("batch", "x", "y")
    np.testing.assert_array_equal(image.coords["x"], [1.0, 2.0])
    assert image.attrs["iterations"] == 5
    assert image.attrs["relative_residual"].shape == (2,)


@pytest.mark.parametrize(
    "settings, limit",
    [
        ({"snr_threshold": 10}, lambda m: m >= 10),
        ({"min_frequency_Hz": 3e4}, lambda m: m % 8 >= 3),
        ({"channels": (0, 2)}, lambda m: m // 8 != 1),
    ],
)
def test_row_selection_by_coordinates(rows, labelled, settings, limit):
    image = reconstruct(labelled, rows[1].reshape(2, 3, 8), **SETTINGS, **settings)
    np.testing.assert_array_equal(image.values, expected(rows, KEPT & limit(np.arange(24))))


def test_labelled_signal_is_matched_by_name(rows, labelled):
    signal = xr.DataArray(
        rows[1].reshape(2, 3, 8).transpose(2, 0, 1),
        dims=("frequency", "frame", "channel"),
        coords={"frequency": np.arange(8)},
    )
    image = reconstruct(labelled, signal, **SETTINGS)
    np.testing.assert_array_equal(image.values, expected(rows, KEPT))
    with pytest.raises(InputError, match="signal: found other coordinates"):
        reconstruct(labelled, signal.assign_coords(frequency=np.arange(8) + 1), **SETTINGS)
    with pytest.raises(InputError, match="signal: found dimensions"):
        reconstruct(labelled, signal.rename(channel="coil"), **SETTINGS)


def test_plain_arrays_of_rows_and_of_images(rows):
    A, b = rows
    flat = reconstruct(A, b, **SETTINGS)
    np.testing.assert_array_equal(flat, solve(A, b, KaczmarzConfig(**SETTINGS)).image)
    np.testing.assert_array_equal(reconstruct(A.reshape(24, 2, 5), b, **SETTINGS), flat.reshape(2, 2, 5))
    np.testing.assert_array_equal(reconstruct(A, b[0], **SETTINGS), flat[0])


def test_weights_by_name_or_value(rows):
    A, b = rows
    w = 1 / np.linalg.norm(A, axis=1)
    named = reconstruct(A, b, weights="row_norm", **SETTINGS)
    np.testing.assert_allclose(named, reconstruct(A, b, weights=w, **SETTINGS), rtol=1e-12, atol=1e-14)
    assert not np.allclose(named, reconstruct(A, b, **SETTINGS))


def test_snr_can_be_given(rows):
    A, b = rows
    snr = np.arange(24.0)
    found = reconstruct(A, b, snr=snr, snr_threshold=12, **SETTINGS)
    np.testing.assert_array_equal(found, reconstruct(A[12:], b[:, 12:], **SETTINGS))


def test_a_partly_missing_row_is_a_mistake(rows, labelled):
    labelled.values[1, 2, 0, 0] = np.nan
    with pytest.raises(InputError, match="matrix: found NaN"):
        reconstruct(labelled, rows[1].reshape(2, 3, 8), **SETTINGS)


@pytest.mark.parametrize(
    "arguments, line",
    [
        ({"method": "FBP"}, "method: found 'FBP', expected one of ART"),
        ({"regularisation": 1}, "regularisation: found an unknown setting, expected one of .*regularization"),
        ({"regularization": -1.0}, "regularization: found -1.0, expected: .*greater than or equal to 0"),
        ({"iterations": 0}, "iterations: found 0"),
        ({"weights": "rows"}, "weighting: found 'rows'"),
        ({"weights": "background"}, "weighting: found 'background' without background_std"),
        ({"weights": np.ones(3)}, r"weights: found shape \(3,\), expected \(24,\)"),
        ({"snr_threshold": 3}, "snr_threshold: found no snr"),
        ({"snr": np.ones(3)}, r"snr: found shape \(3,\)"),
    ],
)
def test_mistakes_are_named_in_one_line(rows, arguments, line):
    with pytest.raises(InputError, match=line) as error:
        reconstruct(*rows, **arguments)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "S",
    [xr.DataArray(np.ones((2, 3)), dims=("a", "x")), xr.DataArray(np.ones(3), dims="component"), np.ones(3)],
)
def test_matrices_of_another_layout_are_refused(S):
    with pytest.raises(InputError, match="S: found"):
        reconstruct(S, np.ones(3))


def test_signal_of_another_length_is_refused(rows, labelled):
    with pytest.raises(InputError, match=r"signal: found shape \(2, 23\), expected \(24,\) or \(batch, 24\)"):
        reconstruct(rows[0], rows[1][:, 1:])
    with pytest.raises(
        InputError, match=r"signal: found shape \(24,\), expected \(3, 8\) or \(batch, 3, 8\)"
    ):
        reconstruct(labelled, rows[1][0])


@pytest.mark.parametrize("name", METHODS)
def test_every_method_explains_a_noiseless_signal(name):
    A, _ = random_system(1, 40, 12)
    truth = np.random.default_rng(0).random(12)
    exact = {"noise_norm": 0, "mu": 10} if METHODS[name].constrained else {"regularization": 0}
    found = reconstruct(A.reshape(40, 4, 3), A @ truth, method=name, iterations=2000, **exact)
    np.testing.assert_allclose(found.ravel(), truth, atol=1e-6)
