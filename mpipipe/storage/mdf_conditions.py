"""Rules of the MDF specification that connect several datasets, or bound their values."""

from collections.abc import Callable, Iterator
from functools import partial
from math import lcm, pi, prod

import numpy as np

from mpipipe.errors import InputError
from mpipipe.storage.mdf_file import is_complex
from mpipipe.storage.mdf_table import CALIBRATION, MEASUREMENT
from mpipipe.storage.mdf_values import MdfValues

Sizes = dict[str, int]
Check = Callable[[MdfValues, dict[str, int]], Iterator[str]]
DATA = f"{MEASUREMENT}/data"
DRIVE = "/acquisition/drivefield"
RECEIVER = "/acquisition/receiver"
POSITIVE = (f"{DRIVE}/baseFrequency", f"{DRIVE}/cycle", f"{RECEIVER}/bandwidth")
COUNTS = (
    "/acquisition/numAverages",
    "/acquisition/numFrames",
    "/acquisition/numPeriodsPerFrame",
    f"{DRIVE}/numChannels",
    f"{RECEIVER}/numChannels",
    f"{RECEIVER}/numSamplingPoints",
)


def condition_violations(file: MdfValues, sizes: Sizes) -> list[str]:
    """Return the violated rules, one line each; a dataset that cannot be read is named by its own rule only.

    Parameters
    ----------
    file : MdfValues
        Open file.
    sizes : dict
        Sizes that are known, by the letters of the specification.
    """
    lines: list[str] = []
    checks: list[Check] = [partial(_count, key=key) for key in COUNTS]
    checks += [partial(_positive, key=key) for key in POSITIVE]
    for check in (*checks, *CHECKS):
        try:
            lines.extend(check(file, sizes))
        except InputError as error:
            if "found none, expected a dataset" not in str(error):
                lines.append(str(error))
    return lines


def _count(file: MdfValues, sizes: Sizes, key: str) -> Iterator[str]:
    found = file.numbers(key, 1)[0]
    if found < 1 or found != round(found):
        yield f"{key}: found {found:g}, expected a whole number of at least 1"


def _positive(file: MdfValues, sizes: Sizes, key: str) -> Iterator[str]:
    found = file.numbers(key, 1)[0]
    if found <= 0:
        yield f"{key}: found {found:g}, expected a positive number"


def _cycle(file: MdfValues, sizes: Sizes) -> Iterator[str]:
    """Channels without a field do not make the trajectory longer."""
    divider = file.integers(f"{DRIVE}/divider", 1, 2**31, None, None)
    strength = file.numbers(f"{DRIVE}/strength", None, *divider.shape)
    cycle, base = file.number(f"{DRIVE}/cycle"), file.number(f"{DRIVE}/baseFrequency")
    driven = divider[(strength != 0).any(axis=0)]
    expected = [lcm(*map(int, some.ravel())) / base for some in (divider, driven) if some.size]
    if not np.isclose(cycle, expected, rtol=1e-6, atol=0).any():
        yield f"{DRIVE}/cycle: found {cycle:g} s, expected lcm(divider) / baseFrequency = {expected[-1]:g} s"


def _phase(file: MdfValues, sizes: Sizes) -> Iterator[str]:
    phase = file.numbers(f"{DRIVE}/phase", None, None, None)
    if ((phase < -pi) | (phase >= pi)).any():
        yield f"{DRIVE}/phase: found {phase[np.argmax(np.abs(phase) >= pi)].ravel()[0]:g}, expected values in [-pi, pi)"


def _data(file: MdfValues, sizes: Sizes) -> Iterator[str]:
    """Type and shape of the data follow from the flags."""
    data = file.dataset(DATA)
    spectra, fast = (file.flag(f"{MEASUREMENT}/is{name}") for name in ("FourierTransformed", "FastFrameAxis"))
    if spectra != is_complex(data.dtype):
        expected = "pairs (r, i)" if spectra else "real numbers"
        yield f"{DATA}: found {data.dtype}, expected {expected} as isFourierTransformed is {int(spectra)}"
    sparse = file.flag(f"{MEASUREMENT}/isSparsityTransformed", default=False)
    if not {"J", "C", "N", "K", "V"} <= sizes.keys():
        return
    selected = file.flag(f"{MEASUREMENT}/isFrequencySelection")
    samples = sizes["K"] if spectra else sizes["V"]
    frame, form = (sizes["J"], sizes["C"], samples), f"J x C x {'K' if spectra else 'W'}"
    shape = data.shape
    if sparse:
        bounds = range(1 + sizes.get("E", 0), sizes["N"] + 1)
        fits = len(shape) == 4 and shape[:3] == frame and shape[3] in bounds
        expected = f"{form} x (B+E) = {frame} x {bounds.start} to {sizes['N']}"
    else:
        whole = (*frame, sizes["N"]) if fast else (sizes["N"], *frame)
        reduced = not spectra and selected and len(shape) == 4  # W is not stated elsewhere
        fits = shape == whole or (reduced and shape[2 if fast else 3] <= samples)
        expected = f"{form} x N = {whole}" if fast else f"N x {form} = {whole}"
    if not fits:
        yield f"{DATA}: found shape {shape}, expected {expected}"


def _compression(file: MdfValues, sizes: Sizes) -> Iterator[str]:
    key = f"{MEASUREMENT}/isSparsityTransformed"
    if not file.flag(key, default=False):
        return
    for name in ("FastFrameAxis", "FourierTransformed"):
        if not file.flag(f"{MEASUREMENT}/is{name}"):
            yield f"{key}: found 1, expected 0 where is{name} is 0"
    marked = file.integers(f"{MEASUREMENT}/isBackgroundFrame", 0, 1, None)
    if (np.diff(marked) < 0).any():
        yield f"{MEASUREMENT}/isBackgroundFrame: found background before foreground, expected it last in compressed data"
    indices = file.dataset(f"{MEASUREMENT}/subsamplingIndices")
    file.check_size(indices.name, indices)
    values = indices[()]
    if values.size and (values.min() < 1 or values.max() > sizes.get("O", values.max())):
        yield f"{indices.name}: found {values.min()} to {values.max()}, expected indices from 1 to O = {sizes.get('O')}"
    if (
        "E" in sizes
        and len(indices.shape) == 4
        and indices.shape[3] != file.dataset(DATA).shape[-1] - sizes["E"]
    ):
        yield f"{indices.name}: found shape {indices.shape}, expected as many as {DATA} has coefficients"


def _selection(file: MdfValues, sizes: Sizes) -> Iterator[str]:
    key = f"{MEASUREMENT}/frequencySelection"
    if file.flag(f"{MEASUREMENT}/isFrequencySelection") and "V" in sizes:
        selected = file.integers(key, 1, sizes["V"] // 2 + 1, None)
        if len(np.unique(selected)) != len(selected):
            yield f"{key}: found an index twice, expected each once"


def _permutation(file: MdfValues, sizes: Sizes) -> Iterator[str]:
    key = f"{MEASUREMENT}/framePermutation"
    if file.flag(f"{MEASUREMENT}/isFramePermutation"):
        places = file.integers(key, 1, sizes.get("N", 2**62), None)
        if len(np.unique(places)) != len(places):
            yield f"{key}: found an index twice, expected each of 1 to N once"


def _conversion(file: MdfValues, sizes: Sizes) -> Iterator[str]:
    key = f"{RECEIVER}/dataConversionFactor"
    if file.has(key) and (file.numbers(key, None, 2)[:, 0] == 0).any():
        yield f"{key}: found a factor 0, expected factors that are not 0"


def _grids(file: MdfValues, sizes: Sizes) -> Iterator[str]:
    """Compare the size of a grid with its number of frames or voxels; no length is negative."""
    for group, name in ((CALIBRATION, "O"), ("/reconstruction", "/reconstruction P")):
        if file.has(f"{group}/size"):
            size = file.integers(f"{group}/size", 1, 2**31, 3)
            if name in sizes and prod(map(int, size)) != sizes[name]:
                letter = name[-1]
                yield f"{group}/size: found {size.tolist()}, expected a product of {letter} = {sizes[name]}"
        for length in ("fieldOfView", "deltaSampleSize"):
            key = f"{group}/{length}"
            if file.has(key) and (file.numbers(key, 3) < 0).any():
                yield f"{key}: found {file.numbers(key, 3).tolist()}, expected no negative lengths"


def _snr(file: MdfValues, sizes: Sizes) -> Iterator[str]:
    key = f"{CALIBRATION}/snr"
    if file.has(key) and (file.numbers(key, None, None, None) < 0).any():
        yield f"{key}: found a negative number, expected ratios"


CHECKS: tuple[Check, ...] = (
    _cycle,
    _phase,
    _data,
    _compression,
    _selection,
    _permutation,
    _conversion,
    _grids,
    _snr,
)
