"""The restoration study (Tsanda 2025): problems, and what its tables and figures show."""

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from mpipipe.config.base import Section

TableName = Literal["denoising", "accelerated_calibration", "upsampling", "inpainting"]


def _levels(values: tuple[float, ...]) -> tuple[float, ...]:
    if not values or values[0] < 0 or any(low >= high for low, high in pairwise(values)):
        raise ValueError(f"found {list(values)}, expected values from 0 on in increasing order")
    return values


Levels = Annotated[tuple[float, ...], AfterValidator(_levels)]


class ObservationConfig(Section):
    """What a calibration measures of a component: ``y = P s + n`` (Tsanda 2025, equation 9)."""

    factor: int = Field(
        1, ge=1, le=4, description="Every k-th voxel is measured along each axis; 1 measures all."
    )
    missing_ratio: float = Field(
        0.0, ge=0, lt=1, description="Missing over all voxels, one stretch of the scan; 0 for none."
    )


class Problem(Section):
    """One restoration problem: an ensemble, what is measured of it, and the methods that restore it."""

    table: TableName = Field("denoising", description="Table of the paper that it belongs to.")
    ensemble: str = Field("lissajous_2d", description="Ensemble that methods are prepared and scored on.")
    observation: ObservationConfig = Field(default_factory=ObservationConfig)
    sigmas: Levels = Field(
        (0.06, 0.1, 0.2, 0.3),
        description="Standard deviations of the complex noise at max|s| = 1 that are scored; 0 is noise-free.",
    )
    components: int | None = Field(
        64,
        ge=1,
        description="[assumption] Random components of each test matrix that are scored; null scores all.",
    )
    example_sigma: float = Field(
        0.2, ge=0, description="[assumption] Standard deviation of the complex noise of the example figure."
    )
    methods: tuple[str, ...] = Field(
        ("DCT-F",), min_length=1, description="Methods in the order of the table."
    )


class Denoiser(Section):
    """A method of another problem that is applied before."""

    problem: str = Field(description="Problem that the method was prepared for.")
    method: str = Field(description="Method.")


class PhantomStudy(Section):
    """A phantom that is reconstructed with the matrices of one problem."""

    problem: str = Field(description="Problem whose methods restore the calibration matrix.")
    denoise_first: Denoiser | None = Field(
        None, description="Denoiser that is applied before; null for none."
    )


class RobustnessConfig(Section):
    """Figure ``robustness``: methods on physics that training never saw."""

    problem: str = Field("denoising_2d", description="Problem whose methods are tried.")
    sigma: float = Field(0.1, gt=0, description="Standard deviation of the complex noise.")
    matrices: int = Field(40, ge=2, description="[assumption] Test matrices that are simulated anew.")
    relaxation_us: tuple[float, ...] = Field(
        (1.0, 3.0), description="[assumption] Relaxation times in microseconds."
    )


class RestorationConfig(Section):
    """Section ``restoration``."""

    problems: dict[str, Problem] = Field(
        default_factory=lambda: {"denoising_2d": Problem()}, description="Restoration problems by name."
    )
    phantoms: dict[str, PhantomStudy] = Field(
        default_factory=dict, description="Phantoms that are reconstructed, by name of their scene."
    )
    robustness: RobustnessConfig = Field(default_factory=RobustnessConfig)
