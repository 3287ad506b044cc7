"""The signal-denoising study: acquisitions, noise, methods, and what is shown (self-supervised signal denoising, IJMPI)."""

from typing import Literal, Self

from pydantic import Field, model_validator

from mpipipe.config.base import Section
from mpipipe.config.denoised_matrix import DenoisedMatrixConfig
from mpipipe.config.digits import DigitsConfig
from mpipipe.config.gridding import GriddingConfig
from mpipipe.config.period_noise import PeriodAcquisition, PeriodNoise
from mpipipe.config.signal_denoiser import SignalTraining
from mpipipe.config.signal_filters import FilterName, FilterSearch

SignalProblem = Literal["gaussian", "harmonic", "system_matrix"]
LearnedSignalMethod = Literal[
    "N2N",
    "R2R",
    "Proposed",
    "Proposed (no priors)",
    "Proposed (no symmetry)",
    "Proposed (no smoothness)",
    "Proposed (folded)",
]

PUBLISHED_NOISE: dict[SignalProblem, PeriodNoise] = {
    "gaussian": PeriodNoise(snr_db=5),
    "harmonic": PeriodNoise(snr_db=15, sir_db=5),
    "system_matrix": PeriodNoise(snr_db=5),
}


class PeriodCounts(Section):
    """Scenes or positions of each split."""

    train: int = Field(8000, ge=2, description="Pairs of periods that networks and filters learn from.")
    val: int = Field(1000, ge=1, description="Pairs that settings and weights are chosen on.")
    test: int = Field(
        1000, ge=1, description="Pairs that are scored; their noise-free signals are the only ones kept."
    )

    @property
    def total(self) -> int:
        """Pairs in all splits."""
        return self.train + self.val + self.test


def _published() -> dict[LearnedSignalMethod, SignalTraining]:
    """Return the published network, the only one by default."""
    return {"Proposed": SignalTraining()}


class DenoisingProblem(Section):
    """One noise, the filters that are tuned to it, and the networks that learn from it."""

    noise: PeriodNoise
    filters: tuple[FilterName, ...] = Field(
        (
            "Averaged periods",
            "Folded period",
            "Band-pass",
            "Wavelets",
            "Wiener",
            "Wiener (folded)",
            "Wiener (subspace)",
        ),
        description="Classical methods of the table.",
    )
    search: FilterSearch | None = Field(
        None, description="Settings that tuning tries for this problem; null for those of the study."
    )
    networks: dict[LearnedSignalMethod, SignalTraining] = Field(
        default_factory=_published, description="Training of each network by name."
    )


class SignalDenoisingConfig(Section):
    """Section ``signal_denoising``."""

    xspace: PeriodAcquisition = Field(
        default_factory=PeriodAcquisition, description="Acquisition of scenes, along a Cartesian trajectory."
    )
    system_function: PeriodAcquisition = Field(
        default_factory=lambda: PeriodAcquisition(
            scanner=PeriodAcquisition().scanner.model_copy(update={"divider": (99, 100, 1)})
        ),
        description="Acquisition of a system matrix, along a Lissajous trajectory: a period at each position.",
    )
    digits: DigitsConfig = Field(
        default_factory=DigitsConfig, description="[assumption] Scenes; those of the reconstruction study."
    )
    scenes: PeriodCounts = Field(default_factory=PeriodCounts, description="Scenes of the x-space problems.")
    positions: PeriodCounts = Field(
        default_factory=lambda: PeriodCounts(train=8160, val=1020, test=1021),
        description="Positions of the system matrix; together all of its grid.",
    )
    problems: dict[SignalProblem, DenoisingProblem] = Field(
        default_factory=lambda: {
            name: DenoisingProblem(noise=noise) for name, noise in PUBLISHED_NOISE.items()
        },
        description="Noise and methods of each table.",
    )
    search: FilterSearch = Field(default_factory=FilterSearch, description="Settings that tuning tries.")
    gridding: GriddingConfig = Field(
        default_factory=GriddingConfig, description="X-space images [assumption: local polynomials]."
    )
    matrix: DenoisedMatrixConfig = Field(
        default_factory=DenoisedMatrixConfig, description="What is made of a denoised system matrix."
    )
    examples: int = Field(4, ge=1, le=64, description="First test scenes that figures show.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        missing = [name for name in PUBLISHED_NOISE if name not in self.problems]
        if missing:
            raise ValueError(f"problems: found no {missing[0]}, expected {', '.join(PUBLISHED_NOISE)}")
        voxels = self.system_function.grid.voxels
        if self.positions.total != voxels:
            raise ValueError(
                f"positions: found {self.positions.total} in all splits, expected {voxels}, those of the grid "
                f"{list(self.system_function.grid.shape)}"
            )
        return self

    def acquisition(self, problem: SignalProblem) -> PeriodAcquisition:
        """Return what the periods of a problem are acquired with."""
        return self.system_function if problem == "system_matrix" else self.xspace

    def counts(self, problem: SignalProblem) -> PeriodCounts:
        """Return how many pairs each split of a problem has."""
        return self.positions if problem == "system_matrix" else self.scenes
