"""Card of a prepared restorer: what it does, what it was trained or tuned on, and how well it does it."""

from typing import Any, Literal

from pydantic import Field

from mpipipe.config.base import Section
from mpipipe.config.restoration import ObservationConfig
from mpipipe.config.sample import CalibrationRanges, Ensemble, ParticleRanges, ScannerRanges
from mpipipe.config.train import TrainConfig

Task = Literal["denoise", "inpaint", "upsample", "complete"]
TASKS: tuple[Task, ...] = ("denoise", "inpaint", "upsample", "complete")


class HeldOutScore(Section):
    """Score on the test split at one noise level: mean over system matrices of the means over their components."""

    sigma: float = Field(ge=0, description="Standard deviation of the complex noise at max|s| = 1.")
    psnr_db: float = Field(description="PSNR in dB: peak 1, mean of |error|² over complex voxels.")
    psnr_db_std: float | None = Field(None, description="Its standard deviation over system matrices.")
    ssim: float = Field(
        description="SSIM: 7-wide windows, data range 2, averaged over real and imaginary part."
    )
    n: int = Field(ge=1, description="Number of system matrices.")


class TrainingData(Section):
    """Simulated system matrices that a method was trained, or tuned, and scored on."""

    ensemble: str = Field(description="Name in params.yaml.")
    size: Ensemble = Field(description="Dimension, and number of system matrices of each split.")
    grid_size: tuple[int, int] = Field(
        description="Fewest and most voxels along an axis of the restored grid."
    )
    particle: ParticleRanges = Field(description="Ranges of the particles.")
    scanner: ScannerRanges = Field(description="Ranges of the scanners.")
    calibration: CalibrationRanges = Field(description="Ranges of the calibrations.")


class RestorerCard(Section):
    """What a prepared restorer is.

    A network has `train` and weights in `file`; a classical method has `tuned`, which is all it needs.
    """

    method: str = Field(description="Name, as in the tables.")
    problem: str = Field(description="Problem of the restoration study that it was prepared for.")
    tasks: tuple[Task, ...] = Field(min_length=1, description="What it can be asked for.")
    dimensions: tuple[int, ...] = Field(min_length=1, description="Spatial axes of the matrices it takes.")
    observation: ObservationConfig = Field(
        default_factory=ObservationConfig, description="What was measured of a component in training."
    )
    train: TrainConfig | None = Field(None, description="How the network was trained.")
    tuned: dict[str, Any] | None = Field(None, description="Tuned parameters of a classical method.")
    file: str | None = Field(None, description="Weights, safetensors.")
    content: str = Field(description="SHA-256 of the weights, or of the tuned parameters as canonical JSON.")
    parameters: int | None = Field(None, description="Number of weights.")
    scale: str = Field(description="Scale of the run.")
    seed: int = Field(description="Seed of the training, or of the run for a classical method.")
    provenance: str = Field(description="Digest of the recipe of the artifact of the run.")
    data: TrainingData | None = Field(None, description="What it was trained or tuned on.")
    validation_psnr_db: dict[str, float] = Field(
        default_factory=dict,
        description="Mean PSNR of components of the validation split drawn at random, by noise level.",
    )
    strongest_psnr_db: dict[str, float] = Field(
        default_factory=dict,
        description="Mean PSNR of the strongest components of each matrix of the validation split, by noise level.",
    )
    test: tuple[HeldOutScore, ...] = Field((), description="Scores on the test split.")
    baseline: str | None = Field(
        None, description="Tuned classical method of the problem with the best validation score."
    )
    baseline_test: tuple[HeldOutScore, ...] = Field((), description="Its scores on the test split.")
    default: bool = Field(False, description="Best mean of both validation scores of its problem.")
    licence: str = Field("MIT", description="Licence of the weights or parameters.")
    versions: dict[str, str] = Field(default_factory=dict, description="Libraries that prepared it.")

    @property
    def factor(self) -> int:
        """Down-sampling factor that the method undoes; 1 for none."""
        return self.observation.factor

    @property
    def least_sigma(self) -> float:
        """Lowest noise level that a network was trained on, relative to a component's maximum; 0 for no limit."""
        if self.train is None or self.train.degradation.noise_free:
            return 0.0
        return self.train.degradation.sigma_range[0]


def tasks_of(observation: ObservationConfig) -> tuple[Task, ...]:
    """Return the tasks of methods that were prepared for an observation."""
    if observation.factor > 1:
        return ("upsample", "complete")
    return ("inpaint",) if observation.missing_ratio else ("denoise",)
