"""The datasets of MDF v2.1.0, as the tables of its specification list them (Knopp et al. 2016, arXiv:1602.06072).

Dimensions are named as there: A tracers, N frames, E background and O foreground frames, B coefficients after compression,
J periods of a frame, Y partitions of a period, C receive and D drive-field channels, F sinusoids of a drive-field channel, V
samples of a period, K frequencies, Q frames, P voxels and S channels of a reconstruction.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "time", "uuid", "flag", "integer", "integers", "real", "complex", "number"]
REQUIRED, OPTIONAL = "required", "optional"
MEASUREMENT, CALIBRATION = "/measurement", "/calibration"
OPTIONAL_GROUPS = ("/tracer", MEASUREMENT, CALIBRATION, "/reconstruction")


@dataclass(frozen=True)
class Rule:
    """One dataset.

    Attributes
    ----------
    path : str
        HDF5 path.
    kind : str
        ``text``, ``time``, ``uuid``; ``flag`` (Int8); ``integer`` (Int64), ``integers`` (of any size); ``real`` (Float64),
        ``complex`` (Complex128), ``number`` (any).
    dimensions : tuple of str or int
        Names or sizes, the slowest first; none for a single value.
    need : str
        ``required`` where the group is there, ``optional``, or the path of the flag that demands it.
    allowed : tuple of str
        Texts that may stand there; any where empty.
    """

    path: str
    kind: Kind
    dimensions: tuple[str | int, ...] = ()
    need: str = REQUIRED
    allowed: tuple[str, ...] = ()


def _group(path: str, *rules: Rule) -> tuple[Rule, ...]:
    return tuple(Rule(path + one.path, one.kind, one.dimensions, one.need, one.allowed) for one in rules)


_GRID = (
    Rule("/fieldOfView", "real", (3,), OPTIONAL),
    Rule("/fieldOfViewCenter", "real", (3,), OPTIONAL),
    Rule("/order", "text", (), OPTIONAL, ("xyz", "xzy", "yxz", "yzx", "zxy", "zyx")),
    Rule("/size", "integer", (3,), OPTIONAL),
)

RULES: tuple[Rule, ...] = (
    *_group("", Rule("/time", "time"), Rule("/uuid", "uuid"), Rule("/version", "text")),
    *_group(
        "/study",
        Rule("/description", "text"),
        Rule("/name", "text"),
        Rule("/number", "integer"),
        Rule("/time", "time", (), OPTIONAL),
        Rule("/uuid", "uuid"),
    ),
    *_group(
        "/experiment",
        Rule("/description", "text"),
        Rule("/isSimulation", "flag"),
        Rule("/name", "text"),
        Rule("/number", "integer"),
        Rule("/subject", "text"),
        Rule("/uuid", "uuid"),
    ),
    *_group(
        "/tracer",
        Rule("/batch", "text", ("A",)),
        Rule("/concentration", "real", ("A",)),
        Rule("/injectionTime", "time", ("A",), OPTIONAL),
        Rule("/name", "text", ("A",)),
        Rule("/solute", "text", ("A",)),
        Rule("/vendor", "text", ("A",)),
        Rule("/volume", "real", ("A",)),
    ),
    *_group(
        "/scanner",
        Rule("/boreSize", "real", (), OPTIONAL),
        Rule("/facility", "text"),
        Rule("/manufacturer", "text"),
        Rule("/name", "text"),
        Rule("/operator", "text"),
        Rule("/topology", "text"),
    ),
    *_group(
        "/acquisition",
        Rule("/gradient", "real", ("J", "Y", 3, 3), OPTIONAL),
        Rule("/numAverages", "integer"),
        Rule("/numFrames", "integer"),
        Rule("/numPeriodsPerFrame", "integer"),
        Rule("/offsetField", "real", ("J", "Y", 3), OPTIONAL),
        Rule("/startTime", "time"),
    ),
    *_group(
        "/acquisition/drivefield",
        Rule("/baseFrequency", "real"),
        Rule("/cycle", "real"),
        Rule("/divider", "integer", ("D", "F")),
        Rule("/numChannels", "integer"),
        Rule("/phase", "real", ("J", "D", "F")),
        Rule("/strength", "real", ("J", "D", "F")),
        Rule("/waveform", "text", ("D", "F"), REQUIRED, ("sine", "triangle", "custom")),
    ),
    *_group(
        "/acquisition/receiver",
        Rule("/bandwidth", "real"),
        Rule("/dataConversionFactor", "real", ("C", 2), OPTIONAL),
        Rule("/inductionFactor", "real", ("C",), OPTIONAL),
        Rule("/numChannels", "integer"),
        Rule("/numSamplingPoints", "integer"),
        Rule("/transferFunction", "complex", ("C", "K"), OPTIONAL),
        Rule("/unit", "text"),
    ),
    *_group(
        MEASUREMENT,
        Rule("/data", "number", ("data",)),
        Rule("/framePermutation", "integer", ("N",), f"{MEASUREMENT}/isFramePermutation"),
        Rule("/frequencySelection", "integer", ("K",), f"{MEASUREMENT}/isFrequencySelection"),
        Rule("/isBackgroundCorrected", "flag"),
        Rule("/isBackgroundFrame", "flag", ("N",)),
        Rule("/isFastFrameAxis", "flag"),
        Rule("/isFourierTransformed", "flag"),
        Rule("/isFramePermutation", "flag"),
        Rule("/isFrequencySelection", "flag"),
        Rule("/isSparsityTransformed", "flag"),
        Rule("/isSpectralLeakageCorrected", "flag"),
        Rule("/isTransferFunctionCorrected", "flag"),
        Rule(
            "/sparsityTransformation",
            "text",
            (),
            f"{MEASUREMENT}/isSparsityTransformed",
            ("DCT-I", "DCT-II", "DCT-III", "DCT-IV"),
        ),
        Rule("/subsamplingIndices", "integers", ("J", "C", "K", "B"), f"{MEASUREMENT}/isSparsityTransformed"),
    ),
    *_group(
        CALIBRATION,
        Rule("/deltaSampleSize", "real", (3,), OPTIONAL),
        Rule("/method", "text"),
        Rule("/offsetFields", "real", ("O", 3), OPTIONAL),
        Rule("/positions", "real", ("O", 3), OPTIONAL),
        Rule("/snr", "real", ("J", "C", "K"), OPTIONAL),
        *_GRID,
    ),
    *_group(
        "/reconstruction",
        Rule("/data", "number", ("Q", "P", "S")),
        Rule("/isOverscanRegion", "flag", ("P",), OPTIONAL),
        Rule("/positions", "real", ("P", 3), OPTIONAL),
        *_GRID,
    ),
)
BY_PATH = {one.path: one for one in RULES}


def group_of(path: str) -> str:
    """Return the main group of a dataset; empty for the root."""
    parts = path.split("/")
    return f"/{parts[1]}" if len(parts) > 2 else ""
