"""Measured sessions of a 1-D scanner: layout, the measured files, and files that cannot be used."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from mpipipe.errors import InputError
from mpipipe.storage.line_sessions import SESSION_FILES, read_line_session, read_line_sessions

VALUES = np.arange(30)[:, None] + np.arange(152) / 1000


def write(path: Path, values: np.ndarray) -> Path:
    with h5py.File(path, "w") as file:
        file["matrix"] = values
    return path


def test_blocks_are_a_background_row_and_nine_positions(tmp_path: Path) -> None:
    found = read_line_session(write(tmp_path / "a.h5", VALUES), corrupt=(29,))
    np.testing.assert_array_equal(found.background[:, 0], [0, 10, 20])
    np.testing.assert_array_equal(found.signals[:, :, 0], [range(1, 10), range(11, 20), range(21, 30)])
    np.testing.assert_allclose(found.signals[1, 2], 13 + np.arange(152) / 1000)
    np.testing.assert_array_equal(found.position_mm, [-40, -30, -20, -10, 0, 10, 20, 30, 40])
    assert found.signals.dtype == found.position_mm.dtype == np.float64
    assert not found.usable[2, 8] and found.usable.sum() == 26
    # Every row is its number plus the same course, so that the background leaves the position's number.
    np.testing.assert_allclose(
        found.subtracted, np.broadcast_to(np.arange(1, 10)[:, None], (3, 9, 152)), atol=1e-12
    )
    assert found.blocks([2]).usable.tolist() == [[True] * 8 + [False]]
    np.testing.assert_array_equal(found.blocks([2, 0]).signals[:, 0, 0], [21, 1])


def test_files_that_cannot_be_used_are_one_line(tmp_path: Path) -> None:
    whole = write(tmp_path / "whole.h5", VALUES).read_bytes()
    (tmp_path / "cut.h5").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.h5").write_text("no HDF5")
    (tmp_path / "empty.h5").touch()
    write(tmp_path / "rows.h5", VALUES[:29])
    write(tmp_path / "turned.h5", VALUES.T)
    write(tmp_path / "integers.h5", VALUES.astype(int))
    write(tmp_path / "complex.h5", VALUES + 1j)
    huge = np.longdouble(2) ** 2000  # infinite in double precision
    for name, value in (("nan", np.nan), ("infinity", -np.inf), ("huge", huge)):
        bad = VALUES.astype(np.asarray(value).dtype)
        bad[17, 100] = value
        write(tmp_path / f"{name}.h5", bad)
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["data"] = VALUES
    with h5py.File(tmp_path / "group.h5", "w") as file:
        file.create_group("matrix")
    (tmp_path / "folder.h5").mkdir()
    for path in sorted(tmp_path.iterdir()):
        if path.name != "whole.h5":
            with pytest.raises(InputError, match=rf"{path.name}: .*found .*, expected ") as caught:
                read_line_session(path)
            assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match=r"none\.h5: found no file"):
        read_line_session(tmp_path / "none.h5")


def test_size_is_checked_before_memory_is_taken(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "huge.h5", "w") as file:
        file.create_dataset("matrix", shape=(2**24, 2**24), dtype="f8", chunks=(1024, 1024))
    with pytest.raises(InputError, match=f"found a claim of {2**51} bytes, expected at most {2**24}"):
        read_line_session(tmp_path / "huge.h5")


def test_truncated_measured_or_written_files_are_refused(tmp_path: Path) -> None:
    whole = write(tmp_path / "whole.h5", VALUES).read_bytes()
    for length in np.random.default_rng(0).integers(0, len(whole), 60):
        (tmp_path / "cut.h5").write_bytes(whole[:length])
        with pytest.raises(InputError):
            read_line_session(tmp_path / "cut.h5")


def test_measured_sessions(measured_dir: Path) -> None:
    folder = measured_dir / "head_scanner_1d"
    if not folder.is_dir():
        pytest.skip(f"no measured sessions in {folder}: run `mpipipe fetch`")
    first, second = read_line_sessions(folder)
    assert first.signals.shape == second.signals.shape == (3, 9, 152)
    assert first.usable.all() and np.argwhere(~second.usable).tolist() == [[2, 8]]
    # Even harmonics are the particles' alone: strong with the sample, weak in background rows and in the corrupt one.
    for session in (first, second):
        second_harmonic = np.abs(np.fft.rfft(session.signals, axis=-1)[..., 2])
        background = np.abs(np.fft.rfft(session.background, axis=-1)[:, 2])
        assert second_harmonic[session.usable].min() > 5 * background.max()
        if not session.usable.all():
            assert second_harmonic[~session.usable].max() < background.max()


def test_a_session_that_is_missing_is_named(tmp_path: Path) -> None:
    write(tmp_path / SESSION_FILES[0], VALUES)
    with pytest.raises(InputError, match=r"session2_system_matrix\.h5: found no file"):
        read_line_sessions(tmp_path)
