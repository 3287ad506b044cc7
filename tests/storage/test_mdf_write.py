"""Written MDF files: every rule of the specification, by a check of its own; and what was written comes back."""

import h5py
import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import mpipipe
from mpipipe.physics.grid import Grid
from mpipipe.physics.particle import Particle
from mpipipe.physics.scanner import Scanner
from mpipipe.physics.system_function import simulate_rows, simulate_system_matrix
from mpipipe.reconstruction.selection import row_snr
from mpipipe.storage.mdf_header import MdfHeader, read_mdf_header
from mpipipe.storage.mdf_matrix import open_mdf_matrix
from mpipipe.storage.mdf_measurement import open_mdf_measurement
from mpipipe.storage.mdf_rules import check_mdf
from mpipipe.storage.mdf_write import write_mdf, write_mdf_matrix, write_mdf_measurement
from tests.storage.mdf_specification import problems

TIME = "2026-01-02T03:04:05.678"
PLANE = Scanner(drive_amplitude_mT=(12, 10, 0), divider=(16, 12, 14))
SPACE = Scanner(
    gradient_T_per_m=(-0.75, -0.75, 1.5),
    drive_amplitude_mT=(12.3, 10.7, 9.1),
    divider=(8, 6, 7),
    phase_rad=(0.1, -0.2, 3.1),
    waveform="sine",
)
PARTICLE = Particle(core_diameter_nm=22.7, anisotropy_J_per_m3=3000, easy_axis=(0.3, 0.5, 0.8))
FLAT = Grid(shape=(4, 3), field_of_view_mm=(24.3, 20.1), centre_mm=(1.7, -2.9))
BLOCK = Grid(shape=(4, 3, 2), field_of_view_mm=(24, 20, 10), centre_mm=(1, -2, 3))


def simulated(grid, **options):
    return simulate_system_matrix(PLANE if len(grid.shape) == 2 else SPACE, PARTICLE, grid, **options)


@pytest.mark.parametrize("grid", [Grid(shape=(5,), field_of_view_mm=(20,)), FLAT, BLOCK])
def test_a_simulated_matrix_keeps_every_rule_and_comes_back_exactly(tmp_path, grid):
    S = simulate_system_matrix(SPACE, PARTICLE, grid)
    mpipipe.write_mdf(tmp_path / "S.mdf", S, time=TIME)
    assert problems(tmp_path / "S.mdf") == [] and check_mdf(tmp_path / "S.mdf") == []
    found = mpipipe.read_mdf(tmp_path / "S.mdf")
    assert found.dims == S.dims and found.dtype == np.complex64
    assert found.values.tobytes() == S.values.tobytes()
    assert {name: found.attrs[name] for name in S.attrs} == S.attrs
    for name in S.coords:
        np.testing.assert_array_equal(found[name], S[name])
        assert found[name].attrs == S[name].attrs


def test_a_file_written_from_a_file_is_the_same_file(tmp_path):
    first, second, third = (tmp_path / f"{name}.mdf" for name in "abc")
    write_mdf(
        first, simulated(BLOCK).assign_coords(snr=(("channel", "frequency"), np.ones((3, 85)) / 7)), time=TIME
    )
    write_mdf(second, mpipipe.read_mdf(first))
    assert second.read_bytes() == first.read_bytes()
    with open_mdf_matrix(first) as S:
        blocks = [(c, start, S.read(c, start, stop)) for c, start, stop in S.blocks(4000)]
        assert len(blocks) > 9
        write_mdf_matrix(third, S.header, S.grid, S.frequency, reversed(blocks), snr=S.snr)
    assert read_mdf_header(third).get("/uuid") == read_mdf_header(first).get("/uuid")
    np.testing.assert_array_equal(mpipipe.read_mdf(third), mpipipe.read_mdf(first))


def test_another_content_has_another_uuid(tmp_path):
    S = simulated(FLAT)
    write_mdf(tmp_path / "a.mdf", S)
    write_mdf(tmp_path / "b.mdf", S, time=TIME)
    write_mdf(tmp_path / "c.mdf", S * (1 + 1e-6), header=read_mdf_header(tmp_path / "a.mdf"))
    a, b, c = (read_mdf_header(tmp_path / f"{name}.mdf").get("/uuid") for name in "abc")
    assert a == b != c


def test_metadata_of_another_file_are_kept_to_the_digit(tmp_path):
    """All datasets of the specification, and user-defined ones, with values that no default would give."""
    rng = np.random.default_rng(0)
    S = simulated(BLOCK)
    header = MdfHeader.simulated(SPACE, PARTICLE, BLOCK, time=TIME).replace(
        {
            "/study/time": "2020-02-29T23:59:59.999",
            "/study/number": 2**40 + 1,
            "/study/name": "Größe µ₀",
            "/experiment/isSimulation": False,
            "/experiment/subject": "a mouse",
            "/tracer/injectionTime": np.array(["2021-01-01T00:00:00.000"], object),
            "/tracer/concentration": np.array([0.1 + 0.2]),
            "/scanner/boreSize": 0.119,
            "/acquisition/numAverages": 100,
            "/acquisition/offsetField": rng.normal(size=(1, 1, 3)),
            "/acquisition/receiver/inductionFactor": rng.normal(size=3),
            "/acquisition/receiver/transferFunction": rng.normal(size=(3, 85))
            + 1j * rng.normal(size=(3, 85)),
            "/calibration/deltaSampleSize": np.array([1e-3, 2e-3, 1 / 3]),
            "/calibration/positions": rng.normal(size=(24, 3)),
            "/calibration/offsetFields": rng.normal(size=(24, 3)),
            "/calibration/method": "robot",
            "/measurement/isSpectralLeakageCorrected": True,
            "/_room/_temperature": np.array([21.25, 22.5], np.float32),
            "/scanner/_note": "cold",
        }
    )
    write_mdf(tmp_path / "a.mdf", S, header=header)
    assert problems(tmp_path / "a.mdf") == []
    found = read_mdf_header(tmp_path / "a.mdf")
    for key, value in header.values.items():
        if key not in ("/measurement/frequencySelection", "/measurement/framePermutation"):
            np.testing.assert_array_equal(found.values[key], value, err_msg=key)
            assert type(found.values[key]) is type(value) or np.ndim(value), key
    write_mdf(tmp_path / "b.mdf", mpipipe.read_mdf(tmp_path / "a.mdf"))
    assert (tmp_path / "b.mdf").read_bytes() == (tmp_path / "a.mdf").read_bytes()


def test_a_selection_of_frequencies_takes_its_columns_of_the_transfer_function(tmp_path):
    S, chosen = simulated(FLAT), [2, 5, 11, 20]
    transfer = np.arange(3 * 25).reshape(3, 25) + 1j
    header = MdfHeader.simulated(PLANE, PARTICLE, FLAT).replace(
        {"/acquisition/receiver/transferFunction": transfer}
    )
    write_mdf(tmp_path / "a.mdf", S.sel(frequency=chosen), header=header)
    assert problems(tmp_path / "a.mdf") == []
    found = mpipipe.read_mdf(tmp_path / "a.mdf")
    np.testing.assert_array_equal(found, S.sel(frequency=chosen))
    np.testing.assert_array_equal(found["mixing_order_y"], S["mixing_order_y"].sel(frequency=chosen))
    stored = found.attrs["header"].array("/acquisition/receiver/transferFunction")
    np.testing.assert_array_equal(stored, transfer[:, chosen])
    write_mdf(tmp_path / "b.mdf", found.isel(frequency=[1, 3]))
    stored = read_mdf_header(tmp_path / "b.mdf").array("/acquisition/receiver/transferFunction")
    np.testing.assert_array_equal(stored, transfer[:, [5, 20]])


@pytest.mark.parametrize("oversampling", [1, 2, 3])
def test_oversampled_frequencies(tmp_path, oversampling):
    S = simulated(FLAT, oversampling=oversampling)
    write_mdf(tmp_path / "a.mdf", S)
    assert problems(tmp_path / "a.mdf") == []
    found = mpipipe.read_mdf(tmp_path / "a.mdf")
    np.testing.assert_array_equal(found, S)
    np.testing.assert_allclose(found["frequency_Hz"], S["frequency_Hz"], rtol=1e-14)


def test_components_of_an_ensemble(tmp_path):
    """Rows that were not kept become 0; frequencies of which no channel has a row are left out."""
    rows = simulate_rows(PLANE, PARTICLE, FLAT, strongest=12)
    S = xr.DataArray(
        rows.values,
        dims=("component", "x", "y"),
        coords={
            "channel": ("component", rows.channel),
            "frequency": ("component", rows.frequency),
            "snr": ("component", rows.strength + 1),
        },
        attrs={"scanner": PLANE.model_dump(), "particle": PARTICLE.model_dump(), "grid": FLAT.model_dump()},
    )
    write_mdf(tmp_path / "a.mdf", S)
    assert problems(tmp_path / "a.mdf") == []
    found = mpipipe.read_mdf(tmp_path / "a.mdf")
    assert found["frequency"].values.tolist() == sorted(set(rows.frequency.tolist()))
    names = dict(zip("xyz", range(3), strict=True))
    kept = {
        (int(c), int(k)): value for c, k, value in zip(rows.channel, rows.frequency, rows.values, strict=True)
    }
    for row in found.stack(row=("channel", "frequency")).transpose("row", ...):
        expected = kept.get((names[str(row["channel"].values)], int(row["frequency"])), np.zeros(FLAT.shape))
        np.testing.assert_array_equal(row, expected)
        assert (float(row["snr"]) >= 1) == bool(expected.any())


def test_empty_frames_are_written_and_subtracted(tmp_path):
    S, rng = simulated(FLAT), np.random.default_rng(0)
    empty = (rng.normal(size=(3, 25, 40)) + 1j * rng.normal(size=(3, 25, 40)) + 100).astype(np.complex64)
    recorded = S + empty.mean(axis=2)[..., None, None]
    write_mdf(tmp_path / "a.mdf", recorded.astype(np.complex64).assign_attrs(S.attrs), background=empty)
    assert problems(tmp_path / "a.mdf") == []
    found = mpipipe.read_mdf(tmp_path / "a.mdf")
    np.testing.assert_allclose(found, S, atol=1e-4)
    expected = row_snr(
        recorded.values.astype(np.complex64).reshape(75, -1), empty.reshape(75, -1), np.repeat(range(3), 25)
    )
    np.testing.assert_array_equal(found["snr"].values.ravel(), expected)
    with open_mdf_matrix(tmp_path / "a.mdf") as matrix:
        assert matrix.background_frames == 40
        centred = empty[1, 3:9] - empty[1, 3:9].mean(axis=1, keepdims=True, dtype=complex)
        np.testing.assert_allclose(matrix.read_background(1, 3, 9), centred, rtol=1e-6)


@given(
    phase=st.tuples(*[st.floats(-10, 10)] * 3),
    amplitude=st.tuples(st.floats(1, 50), *[st.just(0.0) | st.floats(1e-6, 50)] * 2),
    gradient=st.tuples(*[st.floats(-5, 5)] * 3),
    waveform=st.sampled_from(["sine", "cosine"]),
)
@settings(max_examples=40, deadline=None)
def test_any_scanner_gives_the_same_field_again(tmp_path_factory, phase, amplitude, gradient, waveform):
    scanner = Scanner(
        gradient_T_per_m=gradient,
        drive_amplitude_mT=amplitude,
        divider=(8, 6, 7),
        phase_rad=phase,
        waveform=waveform,
    )
    path = tmp_path_factory.mktemp("mdf") / "a.mdf"
    write_mdf_measurement(path, np.ones((3, scanner.frequencies), np.complex64), scanner)
    assert problems(path) == []
    with open_mdf_measurement(path) as measured:
        found = measured.scanner
    wave = {"sine": np.sin, "cosine": np.cos}
    turns = np.linspace(0, 2 * np.pi, 7)[:, None]
    expected = np.array(amplitude) * wave[waveform](turns + np.array(phase))
    again = np.array(found.drive_amplitude_mT) * wave[found.waveform](turns + np.array(found.phase_rad))
    np.testing.assert_allclose(again, expected, atol=1e-12)
    assert found.gradient_T_per_m == gradient and found.divider == scanner.divider


def test_measured_spectra_come_back(tmp_path):
    S = simulated(FLAT)
    signal = S.values.sum(axis=(2, 3))
    write_mdf_measurement(tmp_path / "a.mdf", signal, PLANE, particle=PARTICLE, time=TIME)
    assert problems(tmp_path / "a.mdf") == [] and check_mdf(tmp_path / "a.mdf") == []
    found = mpipipe.read_mdf(tmp_path / "a.mdf")
    assert found.dims == ("frame", "channel", "frequency")
    assert found.values.tobytes() == signal.tobytes()
    assert found.attrs["scanner"] == S.attrs["scanner"] and found.attrs["particle"] == S.attrs["particle"]
    write_mdf_measurement(tmp_path / "b.mdf", found)
    assert (tmp_path / "b.mdf").read_bytes() == (tmp_path / "a.mdf").read_bytes()


def test_samples_in_time_have_the_scale_of_the_matrix(tmp_path):
    signal = simulated(FLAT).values.sum(axis=(2, 3))
    rng = np.random.default_rng(0)
    period = np.fft.irfft(signal, PLANE.samples)
    frames = period + rng.normal(size=(7, 3, PLANE.samples)) + 5
    empty = 5 + rng.normal(size=(4, 3, PLANE.samples))
    write_mdf_measurement(tmp_path / "a.mdf", frames, PLANE, background=empty)
    assert problems(tmp_path / "a.mdf") == []
    expected = np.fft.rfft(frames - empty.mean(axis=0))
    scale = np.abs(expected).max()
    np.testing.assert_allclose(mpipipe.read_mdf(tmp_path / "a.mdf"), expected, atol=1e-6 * scale)
    with open_mdf_measurement(tmp_path / "a.mdf") as measured:
        assert measured.frames == 7
        np.testing.assert_allclose(measured.mean(), expected.mean(axis=0), atol=1e-6 * scale)
        np.testing.assert_allclose(measured.read(2, 5), expected[2:5], atol=1e-6 * scale)


def test_the_layout_is_the_one_that_other_software_maps_into_memory(tmp_path):
    """MPIFiles needs one contiguous block, and scalars and strings that are no arrays."""
    write_mdf(tmp_path / "a.mdf", simulated(FLAT))
    with h5py.File(tmp_path / "a.mdf") as file:
        data = file["/measurement/data"]
        assert data.chunks is None and data.id.get_offset() is not None
        start = data.id.get_offset()
        raw = (tmp_path / "a.mdf").read_bytes()[start : start + data.nbytes]
        np.testing.assert_array_equal(np.frombuffer(raw, "<c8").reshape(data.shape), data[()])
        assert file["/acquisition/numFrames"].shape == () and file["/version"][()] == b"2.1.0"
