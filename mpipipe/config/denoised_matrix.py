"""What is made of a denoised system matrix: components that are shown, rows, phantoms, and their reconstruction."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from mpipipe.config.base import Section
from mpipipe.config.reconstruct import KaczmarzConfig


class DenoisedMatrixConfig(Section):
    """Table 3 and figure 3 of the signal-denoising study."""

    harmonics: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        (3, 7), min_length=1, description="Harmonics of the first drive frequency that are shown."
    )
    false_rows: float = Field(
        0.1,
        gt=0,
        le=100,
        description="[assumption] Expected number of rows of pure noise among those that are kept; a row is kept when it "
        "stands out of the noise that far.",
    )
    signal_snr_db: float = Field(
        40.0,
        description="[assumption] SNR of the signals of phantoms, 20 log10(‖Ac‖/‖n‖) over the rows, in dB: high, so that "
        "the noise of the matrix decides.",
    )
    tuning_phantoms: int = Field(
        10,
        ge=1,
        description="[assumption] Phantoms that λ is tuned on, from other digits than those of the test.",
    )
    test_phantoms: int = Field(20, ge=2, description="[assumption] Phantoms that are scored.")
    regularizations: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0, 3.0, 10.0),
        min_length=1,
        description="Relative λ that tuning tries for each matrix, increasing.",
    )
    kaczmarz: KaczmarzConfig = Field(
        default_factory=lambda: KaczmarzConfig(iterations=50),
        description="[assumption] Solver; λ is tuned, rows are chosen by their noise. White noise is the same in every "
        "row, so that rows without weights have unit noise variance.",
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        tried = list(self.regularizations)
        if tried != sorted(set(tried)):
            raise ValueError(f"regularizations: found {tried}, expected increasing values")
        return self
