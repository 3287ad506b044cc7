"""Measurements in MDF files, read a few frames at a time: any size, bounded memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mpipipe.errors import InputError
from mpipipe.physics.scanner import Scanner
from mpipipe.storage.mdf_file import MdfFile
from mpipipe.storage.mdf_frames import FrameReader
from mpipipe.storage.mdf_header import FLAGS, SELECTION, MdfHeader, read_header
from mpipipe.storage.mdf_scanner import read_scanner
from mpipipe.storage.mdf_texts import check_texts
from mpipipe.storage.mdf_values import open_file, reading


@contextmanager
def open_mdf_measurement(path: Path) -> Iterator["MdfMeasurement"]:
    """Open a file for reading its frames, be they those of a phantom or of a calibration.

    Yields
    ------
    MdfMeasurement
        Valid within the block.

    Raises
    ------
    InputError
        As :func:`mpipipe.storage.mdf_matrix.open_mdf_matrix`.
    """
    path = Path(path)
    with reading(path):
        file = open_file(path)
    with file:
        with reading(path):
            opened = MdfFile(path, file)
            check_texts(opened)
            opened.check()
            measurement = MdfMeasurement(opened)
        yield measurement


class MdfMeasurement:
    """Spectra of the foreground frames, less the mean of the background frames unless the file says that it was.

    Attributes
    ----------
    path : Path
        The file.
    channels, frames : int
        Receive channels, and foreground frames.
    frequency, frequency_Hz : (row,) ndarray
        Frequency indices from 0, and frequencies in Hz.
    unit : str
        Unit of the values.
    header : MdfHeader
        What else the file says; of the measurement as it is read: converted to the unit, and corrected.
    scanner : Scanner or None
        Where :class:`Scanner` can describe the fields.
    """

    def __init__(self, file: MdfFile) -> None:
        self._reader = FrameReader(file)
        self.path = file.path
        self.channels = file.sizes[0]
        self.frequency = file.frequency
        self.frequency_Hz = file.frequency_Hz
        self.unit = file.text("/acquisition/receiver/unit", "arbitrary")
        self.scanner: Scanner | None = read_scanner(file)
        foreground = self._reader.foreground
        self.frames = len(foreground)
        self._in_time = np.argsort(np.argsort(file.acquisition_order[foreground]))
        corrected = bool(len(self._reader.background) or file.is_background_corrected)
        self.header: MdfHeader = read_header(file).replace(
            {
                SELECTION: self.frequency + 1,
                FLAGS[0]: corrected,
                "/acquisition/receiver/dataConversionFactor": None,
            }
        )

    def read(self, start: int, stop: int) -> npt.NDArray[np.complex64]:
        """Return frames ``(frame, channel, row)`` of complex64, in the order in which they were acquired.

        Raises
        ------
        InputError
            When there are no such frames, or bytes are missing, or a value is not finite.
        """
        if not 0 <= start <= stop <= self.frames:
            raise InputError(
                f"{self.path}: found frames {start} to {stop}, expected some of {self.frames} foreground frames"
            )
        values = np.empty((stop - start, self.channels, len(self.frequency)), np.complex64)
        with reading(self.path):
            for channel in range(self.channels):
                self._reader.fill_frames(values[:, channel].T, self._in_time - start, channel)
        return values

    def mean(self) -> npt.NDArray[np.complex64]:
        """Return the mean frame ``(channel, row)``."""
        with reading(self.path):
            frames = [self._reader.mean(channel) for channel in range(self.channels)]
        return np.array(frames).astype(np.complex64)
