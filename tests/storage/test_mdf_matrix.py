"""MDF files read a few rows at a time: every layout and type of numbers against a computation by hand."""

import itertools
from functools import cache

import numpy as np
import pytest
from scipy.fft import dctn

import mpipipe
from mpipipe.errors import InputError
from mpipipe.physics.grid import Grid
from mpipipe.physics.particle import Particle
from mpipipe.physics.scanner import Scanner
from mpipipe.physics.system_function import simulate_system_matrix
from mpipipe.storage import mdf_frames
from mpipipe.storage.mdf import read_mdf_system_matrix
from mpipipe.storage.mdf_matrix import open_mdf_matrix
from mpipipe.storage.mdf_measurement import open_mdf_measurement
from tests.storage.mdf_writer import contents, write

SPACE = Scanner(drive_amplitude_mT=(12, 10, 9), divider=(8, 6, 7))
PARTICLE = Particle(core_diameter_nm=22)
BLOCK = Grid(shape=(4, 3, 2), field_of_view_mm=(24, 20, 10), centre_mm=(1, -2, 3))
EMPTY = 5


@cache
def simulated():
    return simulate_system_matrix(SPACE, PARTICLE, BLOCK)


def whole(matrix, step=7):
    """Read a matrix in blocks that do not divide it."""
    rows = len(matrix.frequency)
    return np.array(
        [
            np.concatenate([matrix.read(c, k, min(k + step, rows)) for k in range(0, rows, step)])
            for c in range(matrix.channels)
        ]
    )


def frames(background, seed=0):
    """Return frames in time ``(frame, channel, sample)``, and which are empty, scattered among the others."""
    rng = np.random.default_rng(seed)
    foreground = np.fft.irfft(simulated().values.reshape(3, 85, 4, 3, 2).transpose(4, 3, 2, 0, 1), 168)
    foreground = foreground.reshape(24, 3, 168)
    if not background:
        return foreground, np.zeros(24, np.int8)
    offset = np.abs(foreground).max() * rng.normal(size=(3, 168))
    empty = rng.normal(size=(EMPTY, 3, 168)) + offset
    mark = rng.permutation(np.repeat([0, 1], [24, EMPTY])).astype(np.int8)
    series = np.empty((24 + EMPTY, 3, 168))
    series[mark == 0], series[mark == 1] = foreground + offset, empty
    return series, mark


KINDS = ("float32", "float64", "int16", "int32", "int8")


@pytest.mark.parametrize(
    ("fast", "spectra", "kind", "background", "corrected"),
    [case for case in itertools.product([0, 1], [0, 1], KINDS, [0, 1], [0, 1]) if case[3] or not case[4]],
)
def test_every_layout_and_type(tmp_path, monkeypatch, fast, spectra, kind, background, corrected):
    """By hand: convert, transform, subtract the mean of the empty frames, put x first."""
    monkeypatch.setattr(mdf_frames, "BLOCK_BYTES", 9000)  # a few rows or frames at a time
    series, mark = frames(background)
    numbers = np.fft.rfft(series) if spectra else series
    factor = np.array([[1.0, 0.0]] * 3)
    if np.dtype(kind).kind == "i":
        factor = (
            np.array([[2e-3, 0.5], [1e-3, -0.25], [4e-3, 0.0]]) * np.abs(numbers).max() / np.iinfo(kind).max
        )
        factor[:, 0] *= 1000
        parts = (numbers / factor[:, :1]).view(float)
        numbers = np.round(np.clip(parts, np.iinfo(kind).min, np.iinfo(kind).max))
        stored = numbers.astype(kind)
        numbers = numbers.view(complex) if spectra else numbers
    else:
        numbers = numbers.astype(np.result_type(kind, np.complex64) if spectra else kind)
        stored = numbers
    if spectra and np.dtype(kind).kind == "i":
        stored = stored.view([("r", kind), ("i", kind)])
    values = factor[:, :1] * numbers.astype(complex if spectra else float)
    if spectra:
        values[..., 0] += factor[:, 1] * 168
    else:
        values = np.fft.rfft(values + factor[:, 1:])
    expected = values[mark == 0]
    if background and not corrected:
        expected = expected - values[mark == 1].mean(axis=0)
    expected = expected.reshape(2, 3, 4, 3, 85).transpose(3, 4, 2, 1, 0)

    datasets = contents(simulated()) | {
        "/measurement/isFastFrameAxis": np.int8(fast),
        "/measurement/isFourierTransformed": np.int8(spectra),
        "/measurement/isBackgroundFrame": mark,
        "/measurement/isBackgroundCorrected": np.int8(corrected),
        "/measurement/data": np.moveaxis(stored[:, None], 0, 3) if fast else stored[:, None],
    }
    if np.dtype(kind).kind == "i":
        datasets["/acquisition/receiver/dataConversionFactor"] = factor
    path = write(tmp_path / "a.mdf", datasets)
    scale = np.abs(values).max()
    with open_mdf_matrix(path) as S:
        assert S.shape == (3, 85, 4, 3, 2) and S.background_frames == (EMPTY if background else 0)
        np.testing.assert_allclose(whole(S), expected, atol=1e-6 * scale)
        assert S.header.get("/measurement/isBackgroundCorrected") is bool(background)
        if background:
            centred = values[mark == 1] - values[mark == 1].mean(axis=0)
            np.testing.assert_allclose(S.read_background(2, 5, 60).T, centred[:, 2, 5:60], atol=1e-6 * scale)
        else:
            assert S.read_background(2, 5, 60) is None
    with open_mdf_measurement(path) as M:
        in_turn = expected.transpose(4, 3, 2, 0, 1).reshape(24, 3, 85)
        np.testing.assert_allclose(M.read(0, 24), in_turn, atol=1e-6 * scale)
        np.testing.assert_allclose(M.read(5, 9), in_turn[5:9], atol=1e-6 * scale)
        np.testing.assert_allclose(M.mean(), in_turn.mean(axis=0), atol=1e-6 * scale)
    if not (spectra and kind.startswith("int")) and kind != "float64":
        np.testing.assert_allclose(read_mdf_system_matrix(path), expected, atol=1e-5 * scale)


@pytest.mark.parametrize("order", ["xyz", "xzy", "yxz", "yzx", "zxy", "zyx"])
def test_every_storage_order_and_what_belongs_to_frames(tmp_path, order):
    """Positions and places in time follow the frames into the order in which a file is written."""
    rng = np.random.default_rng(0)
    positions = (
        BLOCK.positions_m().transpose([*("xyz".index(name) for name in reversed(order)), 3]).reshape(-1, 3)
    )
    places = rng.permutation(24) + 1
    datasets = contents(simulated(), order=order) | {
        "/calibration/positions": positions,
        "/measurement/isFramePermutation": np.int8(1),
        "/measurement/framePermutation": places,
    }
    S = mpipipe.read_mdf(write(tmp_path / "a.mdf", datasets))
    assert S.values.tobytes() == simulated().values.tobytes()
    fastest_x = BLOCK.positions_m().transpose(2, 1, 0, 3).reshape(-1, 3)
    header = S.attrs["header"]
    np.testing.assert_array_equal(header.array("/calibration/positions"), fastest_x)
    for place, position in zip(header.array("/measurement/framePermutation"), fastest_x, strict=True):
        assert place == places[(positions == position).all(axis=1)][0]
    mpipipe.write_mdf(tmp_path / "b.mdf", S)
    np.testing.assert_array_equal(mpipipe.read_mdf(tmp_path / "b.mdf"), simulated())


def test_frames_of_a_measurement_come_in_the_order_of_time(tmp_path):
    places = np.random.default_rng(0).permutation(24) + 1
    datasets = contents(simulated()) | {
        "/measurement/isFramePermutation": np.int8(1),
        "/measurement/framePermutation": places,
    }
    del datasets["/calibration/method"], datasets["/calibration/size"]
    found = mpipipe.read_mdf(write(tmp_path / "a.mdf", datasets))
    stored = np.moveaxis(datasets["/measurement/data"][0], 2, 0)
    np.testing.assert_array_equal(found, stored[np.argsort(places)])


@pytest.mark.parametrize("kind", [1, 2, 3, 4])
@pytest.mark.parametrize("mask", ["frames", "coefficients"])
def test_compressed_calibrations(tmp_path, kind, mask):
    """The largest coefficients of the orthonormal transform over the grid, x the fastest."""
    S, kept = simulated().values, 9
    space = S.transpose(0, 1, 4, 3, 2)
    coefficients = dctn(space, type=kind, axes=(2, 3, 4), norm="ortho").reshape(3, 85, 24)
    indices = np.argsort(-np.abs(coefficients), axis=2)[..., :kept]
    data = np.take_along_axis(coefficients, indices, axis=2)
    empty = np.full((3, 85, EMPTY), 0.5 - 0.25j)
    datasets = contents(simulated()) | {
        "/measurement/data": np.concatenate([data, empty], axis=2)[None].astype(np.complex64),
        "/measurement/isSparsityTransformed": np.int8(1),
        "/measurement/sparsityTransformation": "DCT-" + ["I", "II", "III", "IV"][kind - 1],
        "/measurement/subsamplingIndices": (indices + 1)[None].astype(np.int32),
        "/measurement/isBackgroundFrame": np.repeat([0, 1], [24 if mask == "frames" else kept, EMPTY]).astype(
            np.int8
        ),
    }
    matrix = {1: dct_1, 2: dct_2, 3: lambda n: dct_2(n).T, 4: dct_4}[kind]
    x, y, z = (matrix(n) for n in (4, 3, 2))
    thin = np.zeros((3, 85, 24), complex)
    np.put_along_axis(thin, indices, data, axis=2)
    restored = np.einsum("ckZYX,Xx,Yy,Zz->ckxyz", thin.reshape(3, 85, 2, 3, 4), x, y, z)
    path = write(tmp_path / "a.mdf", datasets)
    with open_mdf_matrix(path) as found:
        np.testing.assert_allclose(whole(found), restored - (0.5 - 0.25j), atol=1e-5 * np.abs(S).max())
    with pytest.raises(InputError, match="not compressed"):
        read_mdf_system_matrix(path)
    for change, line in (
        ({"/measurement/isFastFrameAxis": np.int8(0)}, "expected"),
        ({"/measurement/sparsityTransformation": "wavelets"}, "found 'wavelets', expected one of DCT-I"),
        ({"/measurement/subsamplingIndices": (indices * 0)[None]}, "indices from 1 to 24"),
        ({"/measurement/subsamplingIndices": indices[None, ..., :5]}, r"integers of shape \(1, 3, 85, 9\)"),
        (
            {"/measurement/isBackgroundFrame": np.eye(29)[0].astype(np.int8)},
            "expected foreground frames first",
        ),
    ):
        with pytest.raises(InputError, match=line):
            mpipipe.read_mdf(write(tmp_path / "b.mdf", datasets | change))


def dct_1(n):
    k = np.arange(n)
    weight = np.where((k == 0) | (k == n - 1), np.sqrt(0.5), 1)
    return np.sqrt(2 / (n - 1)) * weight[:, None] * weight * np.cos(np.pi * np.outer(k, k) / (n - 1))


def dct_2(n):
    k = np.arange(n)
    weight = np.where(k == 0, np.sqrt(0.5), 1)
    return np.sqrt(2 / n) * weight[:, None] * np.cos(np.pi * np.outer(k, k + 0.5) / n)


def dct_4(n):
    k = np.arange(n) + 0.5
    return np.sqrt(2 / n) * np.cos(np.pi * np.outer(k, k) / n)


def test_version_2_0_files_without_later_names(tmp_path):
    datasets = contents(simulated()) | {"/version": "2.0.0"}
    del datasets["/measurement/isSparsityTransformed"]
    np.testing.assert_array_equal(mpipipe.read_mdf(write(tmp_path / "a.mdf", datasets)), simulated())


def test_rows_that_are_not_there(tmp_path):
    with open_mdf_matrix(write(tmp_path / "a.mdf", contents(simulated()))) as S:
        assert S.read(0, 5, 5).shape == (0, 4, 3, 2)
        for rows in ((3, 0, 1), (0, 0, 86), (0, -1, 1), (0, 5, 4)):
            with pytest.raises(InputError, match="expected rows of 85 in 3 channels"):
                S.read(*rows)
    with (
        open_mdf_measurement(tmp_path / "a.mdf") as M,
        pytest.raises(InputError, match="24 foreground frames"),
    ):
        M.read(20, 25)
