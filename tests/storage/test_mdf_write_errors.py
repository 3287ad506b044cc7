"""What cannot be written as MDF: one line, and nothing written or lost."""

import subprocess
import sys

import numpy as np
import pytest

import mpipipe
from mpipipe.errors import InputError
from mpipipe.storage.mdf_header import MdfHeader
from mpipipe.storage.mdf_write import write_mdf, write_mdf_matrix, write_mdf_measurement
from tests.storage.test_mdf_write import FLAT, PARTICLE, PLANE, simulated


def rows(S):
    return [(channel, 0, S.values[channel]) for channel in range(3)]


def no_scanner(S):
    return S.drop_attrs(deep=False).assign_attrs(grid=S.attrs["grid"])


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda S: S.transpose("frequency", "channel", "x", "y"), "expected .channel, frequency, x"),
        (lambda S: S.real, "expected complex numbers"),
        (no_scanner, "no attribute scanner or header"),
        (lambda S: S.assign_attrs(scanner={"divider": 3}), "attribute scanner: found"),
        (lambda S: S.drop_vars("frequency"), "frequency: found none"),
        (lambda S: S.isel(frequency=slice(None, None, -1)), "expected increasing indices"),
        (lambda S: S.where(S["x"] > 0, np.inf), "expected finite complex numbers"),
        (lambda S: S.where(S["x"] > 0), "expected finite complex numbers"),
        (lambda S: S.isel(x=[0, 1, 3]), "x: found positions that are not evenly spaced"),
    ],
)
def test_an_array_that_cannot_be_written_is_named_and_nothing_is_written(tmp_path, change, line):
    with pytest.raises(InputError, match=line) as error:
        write_mdf(tmp_path / "a.mdf", change(simulated(FLAT)))
    assert "\n" not in str(error.value) and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("blocks", "line"),
    [
        (lambda S: rows(S)[:2], "found 25 missing rows, the first 0 of channel 2"),
        (lambda S: [*rows(S), rows(S)[0]], "rows from 0 on of channel 0: found a row twice"),
        (lambda S: [(3, 0, S.values[0])], r"rows from 0 on of channel 3: found shape \(25, 4, 3\)"),
        (lambda S: [(0, 1, S.values[0])], "rows from 1 on of channel 0: found shape"),
        (lambda S: [(0, 0, S.values[0, :, :2])], "rows from 0 on of channel 0: found shape"),
        (lambda S: [(0, 0, S.values[0].astype(str))], "found NaN, infinity or no numbers"),
        (lambda S: [], "missing rows"),
    ],
)
def test_blocks_that_do_not_fit_are_named_and_the_old_file_stays(tmp_path, blocks, line):
    S, path = simulated(FLAT), tmp_path / "a.mdf"
    path.write_text("old")
    header = MdfHeader.simulated(PLANE, PARTICLE, FLAT)
    with pytest.raises(InputError, match=line):
        write_mdf_matrix(path, header, FLAT, S["frequency"], blocks(S), overwrite=True)
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ({"signal": np.ones((3, 24), complex)}, "24 frequencies"),
        ({"signal": np.full((3, 25), np.nan)}, "signal: found float64 of shape"),
        ({"signal": np.ones(25)}, "signal: found float64 of shape"),
        ({"signal": np.array([["a"]])}, "expected finite numbers"),
        ({"scanner": None}, "neither scanner nor header"),
        ({"background": np.ones((4, 2, 25), complex)}, r"background: found shape \(4, 2, 25\)"),
        ({"background": np.ones((4, 3, 25))}, "background: found"),
        ({"frequency": np.arange(25)[::-1]}, "expected increasing ones"),
        ({"time": "yesterday"}, "time: found 'yesterday'"),
        ({"time": "2024-01-01T00:00:00+01:00"}, "expected UTC"),
    ],
)
def test_a_measurement_that_cannot_be_written_is_named(tmp_path, arguments, line):
    with pytest.raises(InputError, match=line):
        write_mdf_measurement(
            tmp_path / "a.mdf", **{"signal": np.ones((3, 25), complex), "scanner": PLANE} | arguments
        )
    assert list(tmp_path.iterdir()) == []


def test_any_number_of_samples_is_a_sampling_of_the_period(tmp_path):
    write_mdf_measurement(tmp_path / "a.mdf", np.ones((3, 40)), PLANE)
    assert mpipipe.read_mdf(tmp_path / "a.mdf").shape == (1, 3, 21)


def test_a_file_is_not_replaced_unless_told_to(tmp_path):
    S, path = simulated(FLAT), tmp_path / "a.mdf"
    write_mdf(path, S)
    before = path.read_bytes()
    with pytest.raises(InputError, match=r"a\.mdf: found a file, expected none"):
        write_mdf(path, S)
    with pytest.raises(InputError, match="found a file, expected none"):
        write_mdf_measurement(path, np.ones((3, 25), complex), PLANE)
    assert path.read_bytes() == before
    write_mdf(path, 2 * S.assign_attrs(S.attrs), header=MdfHeader.simulated(PLANE), overwrite=True)
    np.testing.assert_array_equal(mpipipe.read_mdf(path), 2 * S)


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(InputError, match="found that it cannot be written") as error:
        write_mdf(tmp_path / "file" / "a.mdf", simulated(FLAT))
    assert "\n" not in str(error.value)


def test_a_full_disk_leaves_the_old_file(tmp_path):
    """In a process that may write 100 KiB to a file; the matrix has 1 MiB."""
    (tmp_path / "a.mdf").write_text("old")
    program = f"""
import resource, signal, numpy as np
from pathlib import Path
from mpipipe import Grid, Scanner
from mpipipe.errors import InputError
from mpipipe.storage.mdf_header import MdfHeader
from mpipipe.storage.mdf_write import write_mdf_matrix
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
grid, scanner = Grid(shape=(40, 40), field_of_view_mm=(40, 40)), Scanner(divider=(16, 12, 14))
blocks = [(c, 0, np.ones((25, 40, 40), np.complex64)) for c in range(3)]
resource.setrlimit(resource.RLIMIT_FSIZE, (100 * 2**10,) * 2)
try:
    write_mdf_matrix(Path({str(tmp_path / "a.mdf")!r}), MdfHeader.simulated(scanner), grid, range(25), blocks, overwrite=True)
except InputError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120
    )
    assert "found that it cannot be written" in done.stdout and done.stdout.count("\n") == 1
    assert (tmp_path / "a.mdf").read_text() == "old" and len(list(tmp_path.iterdir())) == 1
