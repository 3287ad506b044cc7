"""Measured transfer functions: layouts, the measured one, and files that cannot be used."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from mpipipe.errors import InputError
from mpipipe.physics.grid import Grid
from mpipipe.physics.particle import Particle
from mpipipe.physics.scanner import Scanner
from mpipipe.physics.system_function import simulate_system_matrix
from mpipipe.storage.receive_chain import read_transfer_function

FREQUENCY = np.linspace(1e4, 2e6, 7)
GAIN = np.arange(21).reshape(3, 7) + 1j


def write(path: Path, frequency: np.ndarray, gain: np.ndarray) -> Path:
    with h5py.File(path, "w") as file:
        file["frequencies"], file["transferFunction"] = frequency, gain
    return path


def test_both_layouts_and_any_order(tmp_path: Path) -> None:
    pairs = np.stack([GAIN.real, GAIN.imag], axis=-1)
    files = [
        write(tmp_path / "complex.h5", FREQUENCY, GAIN),
        write(tmp_path / "pairs.h5", FREQUENCY, pairs),
        write(tmp_path / "reversed.h5", FREQUENCY[::-1], pairs[:, ::-1]),
    ]
    for file in files:
        found = read_transfer_function(file)
        np.testing.assert_array_equal(found.frequency_Hz, FREQUENCY)
        np.testing.assert_array_equal(found.gain, GAIN)


def test_the_measured_one_resonates_near_600_kHz(measured_dir: Path) -> None:
    found = read_transfer_function(measured_dir / "receive_chain/preclinical_transfer_function.h5")
    assert found.gain.shape == (3, 1600)
    resonance = found.frequency_Hz[np.argmax(np.abs(found.gain[0]))]
    assert 500e3 < resonance < 700e3


def test_files_that_cannot_be_used_are_one_line(tmp_path: Path) -> None:
    whole = write(tmp_path / "whole.h5", FREQUENCY, GAIN).read_bytes()
    (tmp_path / "cut.h5").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.h5").write_text("no HDF5")
    write(tmp_path / "channels.h5", FREQUENCY, GAIN[:2])
    write(tmp_path / "integers.h5", FREQUENCY, np.ones((3, 7), int))
    write(
        tmp_path / "huge.h5", FREQUENCY, np.full((3, 7, 2), 2, np.longdouble) ** 2000
    )  # infinite in double precision
    with h5py.File(tmp_path / "group.h5", "w") as file:
        file.create_group("frequencies")
    for name in ("cut", "text", "channels", "integers", "huge", "group", "missing"):
        with pytest.raises(InputError, match=rf"{name}\.h5: .*found .* expected") as caught:
            read_transfer_function(tmp_path / f"{name}.h5")
        assert "\n" not in str(caught.value)


def test_frequencies_beyond_the_measured_range_are_refused(tmp_path: Path) -> None:
    chain = read_transfer_function(write(tmp_path / "a.h5", FREQUENCY / 10, GAIN))
    scanner = Scanner(drive_amplitude_mT=(12, 12, 0))
    with pytest.raises(InputError, match="transfer"):
        simulate_system_matrix(
            scanner,
            Particle(core_diameter_nm=20),
            Grid(shape=(2, 2), field_of_view_mm=(9.0, 9.0)),
            transfer_function=chain,
        )
