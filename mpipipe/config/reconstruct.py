"""Settings of the solvers that turn a signal into an image."""

from typing import Literal

from pydantic import Field

from mpipipe.config.base import Section

Normalization = Literal["absolute", "relative"]
RowOrder = Literal["natural", "random"]
Weighting = Literal["none", "row_norm", "background"]


class RowSelection(Section):
    """Which components (rows) of a system matrix take part in a reconstruction."""

    snr_threshold: float = Field(
        0.0,
        ge=0,
        description="Smallest signal-to-noise ratio of a row (a ratio, no unit); 0 keeps every row.",
    )
    min_frequency_Hz: float = Field(
        0.0, ge=0, description="Lowest frequency of a row, in Hz; 0 keeps every row."
    )
    channels: tuple[int, ...] | None = Field(
        None,
        min_length=1,
        description="Receive channels that take part, counted from 0; none given means all.",
    )


class KaczmarzConfig(RowSelection):
    """Regularised Kaczmarz, called ART in the reports; row selection is applied by the front door."""

    regularization: float = Field(
        1e-2,
        ge=0,
        description="[assumption] Tikhonov parameter λ, no unit when relative; 0 is plain Kaczmarz.",
    )
    normalization: Normalization = Field(
        "relative",
        description="How λ is scaled: 'absolute' as it stands, 'relative' times ‖A‖_F²/N with N voxels, "
        "where A is the weighted matrix.",
    )
    iterations: int = Field(20, ge=1, le=1_000_000, description="[assumption] Sweeps over all rows.")
    real: bool = Field(True, description="Take the real part of the image after each sweep.")
    positive: bool = Field(True, description="Clip the real part of the image at zero after each sweep.")
    row_order: RowOrder = Field(
        "natural",
        description="Order of the rows: 'natural', or 'random', one seeded permutation used in every sweep.",
    )
    seed: int = Field(0, ge=0, description="Seed of the random row order.")
    weighting: Weighting = Field(
        "none",
        description="Row weights: 'none', 'row_norm' (1/‖a_m‖), or 'background' (mean standard deviation "
        "of the empty scanner's signal, over the row's own).",
    )


class ReconstructConfig(Section):
    """Section ``reconstruct``: one entry a solver."""

    kaczmarz: KaczmarzConfig = Field(
        default_factory=KaczmarzConfig, description="Regularised Kaczmarz (ART)."
    )
    regularizations: tuple[float, ...] = Field(
        (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1),
        min_length=1,
        description="Values of λ that each matrix of a phantom study is tried with; the best against the true phantom is shown.",
    )
