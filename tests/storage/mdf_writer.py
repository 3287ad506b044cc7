"""A writer of MDF files, for the tests of what reads them."""

import h5py
import numpy as np

from mpipipe.physics.grid import Grid
from mpipipe.physics.scanner import Scanner


def contents(S, background=None, order="xyz"):
    """Return the datasets of a calibration: foreground in the storage order, then background frames."""
    scanner, grid = (
        model.model_validate(S.attrs[name]) for model, name in ((Scanner, "scanner"), (Grid, "grid"))
    )
    channels, frequencies = S.shape[:2]
    space = S.values.reshape(*S.shape, *(1,) * (5 - S.ndim))
    slowest_first = [2 + "xyz".index(name) for name in reversed(order)]
    frames = space.transpose(0, 1, *slowest_first).reshape(channels, frequencies, -1)
    empty = np.zeros((channels, frequencies, 0), np.complex64) if background is None else background
    frames = np.concatenate([frames, empty], axis=2)
    mark = np.repeat([0, 1], [grid.voxels, empty.shape[2]]).astype(np.int8)
    missing = (3 - len(grid.shape),)
    return {
        "/version": "2.1.0",
        "/acquisition/gradient": np.diag(scanner.gradient_T_per_m)[None, None],
        "/acquisition/drivefield/baseFrequency": scanner.base_frequency_Hz,
        "/acquisition/drivefield/divider": np.array(scanner.divider)[:, None],
        "/acquisition/drivefield/strength": 1e-3 * np.array(scanner.drive_amplitude_mT)[None, :, None],
        "/acquisition/drivefield/phase": np.full((1, 3, 1), np.pi / 2),
        "/acquisition/drivefield/waveform": [["sine"]] * 3,
        "/acquisition/receiver/bandwidth": scanner.base_frequency_Hz / 2,
        "/acquisition/receiver/numSamplingPoints": scanner.samples,
        "/acquisition/receiver/unit": "V",
        "/measurement/data": frames[None],
        "/measurement/isBackgroundCorrected": np.int8(0),
        "/measurement/isBackgroundFrame": mark,
        "/measurement/isFastFrameAxis": np.int8(1),
        "/measurement/isFourierTransformed": np.int8(1),
        "/measurement/isFramePermutation": np.int8(0),
        "/measurement/isFrequencySelection": np.int8(0),
        "/measurement/isSparsityTransformed": np.int8(0),
        "/measurement/isTransferFunctionCorrected": np.int8(0),
        "/calibration/size": np.array([*grid.shape, *np.ones(missing, int)]),
        "/calibration/fieldOfView": 1e-3 * np.array([*grid.field_of_view_mm, *np.ones(missing)]),
        "/calibration/fieldOfViewCenter": 1e-3 * np.array([*grid.centre_mm, *np.zeros(missing)]),
        "/calibration/method": "simulation",
        "/calibration/order": order,
        "/calibration/snr": np.arange(channels * frequencies, dtype=float).reshape(1, channels, frequencies),
    }


def write(path, datasets):
    with h5py.File(path, "w") as file:
        for key, value in datasets.items():
            values = np.asarray(value)
            if values.dtype.kind == "c":  # the compound {r, i} of the format
                values = values.view([("r", values.real.dtype), ("i", values.real.dtype)]).reshape(
                    values.shape
                )
            if values.dtype.kind == "U":
                file.create_dataset(key, data=value, dtype=h5py.string_dtype())
            else:
                file.create_dataset(key, data=values)
    return path
