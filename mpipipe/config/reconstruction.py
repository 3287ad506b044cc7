"""The reconstruction study: data, methods, and what is shown (Peng 2024)."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from mpipipe.config.admm import AdmmConfig, PlugAndPlayConfig
from mpipipe.config.base import Section
from mpipipe.config.calibration import CalibrationConfig
from mpipipe.config.digits import DigitsConfig
from mpipipe.config.image_prior import DeepImagePriorConfig
from mpipipe.config.reconstruct import KaczmarzConfig
from mpipipe.config.reconstructor_training import ReconstructorTraining

CalibrationName = Literal["openmpi", "inhouse"]
PhantomName = Literal["shape", "resolution", "concentration", "parallel_cylinders", "c_shape"]
ReconstructionMethod = Literal[
    "ART",
    "ADMM_L1",
    "ADMM_TV",
    "ADMM_L1TV",
    "PP-MPI",
    "DIP",
    "ADMM-Net",
    "ADMM-Net (small ρ)",
    "DERnet",
    "DERnet (Tikhonov start)",
]
# Methods with weights of their own; of PP-MPI the denoiser.
TRAINED: tuple[ReconstructionMethod, ...] = (
    "PP-MPI",
    "ADMM-Net",
    "ADMM-Net (small ρ)",
    "DERnet",
    "DERnet (Tikhonov start)",
)
# Methods with settings that are tuned on the validation split.
TUNED: tuple[ReconstructionMethod, ...] = ("ART", "ADMM_L1", "ADMM_TV", "ADMM_L1TV", "PP-MPI", "DIP")
Grid = Annotated[tuple[float, ...], Field(min_length=1)]


class ImageCounts(Section):
    """Digit phantoms of each split; published are 48000, 6000 and 6000, and 50 for the sweep over the noise."""

    train: int = Field(48000, ge=1, description="Phantoms that networks learn from.")
    val: int = Field(6000, ge=1, description="Phantoms of the validation split.")
    test: int = Field(6000, ge=1, description="Phantoms of the test split.")
    sweep: int = Field(50, ge=1, description="First phantoms of the test split that are scored at each SNR.")
    tuning: int = Field(
        50,
        ge=1,
        description="[assumption] First phantoms of the validation split that settings are tuned on.",
    )
    image_prior: int = Field(
        50, ge=1, description="First phantoms that DIP is run on, in each of its tasks: it is slow."
    )


class SignalNoise(Section):
    """Signal-to-noise ratios 20 log10(‖Ac‖/‖n‖) in dB [assumption: no source says which definition]."""

    test_db: float = Field(30.0, description="SNR of the table at a fixed SNR, in dB.")
    sweep_db: tuple[float, ...] = Field(
        (20.0, 25.0, 30.0, 35.0),
        min_length=1,
        description="SNRs of the sweep, in dB; settings are tuned at each.",
    )


class Search(Section):
    """Values that tuning tries, every combination of those that a method has."""

    art_regularization: Grid = Field(
        (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1), description="λ of ART, relative."
    )
    admm_mu: Grid = Field((10.0, 100.0, 1000.0), description="μ of ADMM.")
    admm_scale: Grid = Field((1.0, 3.0, 10.0, 30.0), description="Largest singular value in ADMM.")
    noise_factor: Grid = Field((0.95, 1.0), description="Data ball of ADMM and PP-MPI over the noise norm.")
    tv_share: Grid = Field((0.3, 0.5, 0.7, 0.9), description="Share of TV in ADMM_L1TV.")
    plug_and_play_scale: Grid = Field((10.0, 30.0, 100.0), description="Largest singular value in PP-MPI.")
    plug_and_play_iterations: tuple[int, ...] = Field(
        (5, 10, 20, 30, 50, 70), min_length=1, description="Iterations of PP-MPI."
    )
    image_prior_iterations: tuple[int, ...] = Field(
        (125, 250, 500, 1000, 2000, 4000), min_length=1, description="Iterations of DIP."
    )


class Solvers(Section):
    """Settings of the solvers; those in `search` are tuned, the others hold."""

    art: KaczmarzConfig = Field(default_factory=lambda: KaczmarzConfig(iterations=10))
    admm: AdmmConfig = Field(default_factory=AdmmConfig)
    plug_and_play: PlugAndPlayConfig = Field(default_factory=PlugAndPlayConfig)
    image_prior: DeepImagePriorConfig = Field(default_factory=DeepImagePriorConfig)


class PhantomScene(Section):
    """A test phantom on one calibration, measured on a finer grid with background."""

    calibration: CalibrationName = Field("openmpi", description="Calibration that it is reconstructed with.")
    refinement_factor: int = Field(3, ge=2, le=8, description="Fine voxels a voxel, along each axis.")
    snr_db: float = Field(30.0, description="[assumption] SNR of its signal, in dB.")


class Timing(Section):
    """How the time of a reconstruction is measured."""

    batch: int = Field(64, ge=2, description="[assumption] Signals that are reconstructed together.")
    repeats: int = Field(5, ge=1, description="[assumption] Runs of which the shortest counts.")


class ReconstructionConfig(Section):
    """Section ``reconstruction``."""

    digits: DigitsConfig = Field(default_factory=DigitsConfig)
    images: ImageCounts = Field(default_factory=ImageCounts)
    calibrations: dict[CalibrationName, CalibrationConfig] = Field(default_factory=dict)
    methods: tuple[ReconstructionMethod, ...] = Field(
        ("ART", "ADMM_L1", "ADMM_TV", "ADMM_L1TV", "PP-MPI", "DIP", "ADMM-Net", "DERnet"),
        min_length=1,
        description="Methods of the tables, in their order.",
    )
    signal_noise: SignalNoise = Field(default_factory=SignalNoise)
    training: dict[ReconstructionMethod, ReconstructorTraining] = Field(default_factory=dict)
    solvers: Solvers = Field(default_factory=Solvers)
    search: Search = Field(default_factory=Search)
    phantoms: dict[PhantomName, PhantomScene] = Field(default_factory=dict)
    timing: Timing = Field(default_factory=Timing)

    @field_validator("methods")
    @classmethod
    def _each_once(cls, methods: tuple[ReconstructionMethod, ...]) -> tuple[ReconstructionMethod, ...]:
        if len(set(methods)) < len(methods):
            raise ValueError(f"found {list(methods)}, expected each method once")
        return methods
