"""The deblurring study: acquisition, scenes, methods, and what is shown (Ergun 2022)."""

from typing import Annotated, Literal, Self, TypeVar

from pydantic import Field, model_validator

from mpipipe.config.base import Section
from mpipipe.config.coded_scene import CodedSceneConfig, VesselPhantomName
from mpipipe.config.deblurrer import DeblurrerTraining
from mpipipe.config.deconvolution import DeconvolutionConfig, DeconvolutionSearch
from mpipipe.config.gridding import GriddingConfig
from mpipipe.physics.grid import Grid
from mpipipe.physics.particle import Particle
from mpipipe.physics.scanner import Scanner

ClassicalDeblurring = Literal["Gridding", "Wiener", "Richardson-Lucy", "TV"]
LearnedDeblurring = Literal["Network", "Network (retinal scene)", "Network (data consistency)"]
SceneName = Literal["train", "val", "test", "retina"]
# The scene that each network learns from.
LEARNED_FROM: dict[LearnedDeblurring, SceneName] = {
    "Network": "train",
    "Network (retinal scene)": "retina",
    "Network (data consistency)": "train",
}
Ratio = Annotated[float, Field(gt=0)]


PUBLISHED_SNR: tuple[Ratio, ...] = (5, 10, 15, 20, 25, 30, 35, 40)
"""The paper's map reaches from 5 to 40; its steps are an [assumption]."""
Value = TypeVar("Value")


def _published(value: Value) -> dict[LearnedDeblurring, Value]:
    """Return the value of the published network, the only one by default."""
    return {"Network": value}


class Acquisition(Section):
    """Scanner, tracer and images: a field of view of 2 x 2 cm², 280 x 280 pixels, 24.75 and 25 kHz, (3, 3, -6) T/m."""

    scanner: Scanner = Field(
        default_factory=lambda: Scanner(
            gradient_T_per_m=(3, 3, -6),
            drive_amplitude_mT=(30, 30, 0),
            divider=(900, 891, 1),
            base_frequency_Hz=22.275e6,
            waveform="sine",
        ),
        description="Sampled at the base frequency; the sine, without which half of the trajectory retraces the other half, "
        "and the sampling rate are an [assumption].",
    )
    particle: Particle = Field(
        default_factory=lambda: Particle(core_diameter_nm=25),
        description="[assumption] The paper states no particle; its anisotropy is not taken into account.",
    )
    grid: Grid = Field(default_factory=lambda: Grid(shape=(280, 280), field_of_view_mm=(20, 20)))
    refinement: int = Field(
        2,
        ge=2,
        le=16,
        description="Pixels of a simulated scene to one of the image, along each axis; the truth is their mean.",
    )
    gridding: GriddingConfig = Field(default_factory=GriddingConfig)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len(self.grid.shape) != 2 or self.grid.field_of_view_mm[0] != self.grid.field_of_view_mm[1]:
            found = f"{list(self.grid.shape)} over {list(self.grid.field_of_view_mm)} mm"
            raise ValueError(f"grid: found {found}, expected a square of two axes")
        if self.grid.shape[0] != self.grid.shape[1]:
            raise ValueError(
                f"grid: found {list(self.grid.shape)} pixels, expected as many along x as along y"
            )
        return self

    @property
    def fine_grid(self) -> Grid:
        """Grid that scenes are simulated on."""
        shape = tuple(self.refinement * size for size in self.grid.shape)
        return self.grid.model_copy(update={"shape": shape})


class WindowCounts(Section):
    """Measurements of the coded scene, each a rotated and slid window; published are 3000 and 300."""

    train: int = Field(3000, ge=1, description="Windows that networks learn from, of either scene.")
    val: int = Field(
        300,
        ge=1,
        description="Windows that weights and settings are chosen on, of a scene of the same kind that training never sees.",
    )
    tuning: int = Field(
        24, ge=1, description="[assumption] First validation windows that settings are tuned on."
    )
    test: int = Field(50, ge=1, description="Windows of a third scene that are scored.")
    noise: int = Field(
        3000,
        ge=2,
        description="[assumption] Gridded noise fields that training draws from, anew in each epoch.",
    )


class DeblurringConfig(Section):
    """Section ``deblurring``."""

    acquisition: Acquisition = Field(default_factory=Acquisition)
    scene: CodedSceneConfig = Field(default_factory=CodedSceneConfig)
    windows: WindowCounts = Field(default_factory=WindowCounts)
    methods: tuple[ClassicalDeblurring, ...] = Field(
        ("Gridding", "Wiener", "Richardson-Lucy", "TV"), description="Classical methods of the tables."
    )
    train_snr: dict[LearnedDeblurring, tuple[Ratio, ...]] = Field(
        default_factory=lambda: _published(PUBLISHED_SNR),
        description="SNRs that each network is trained at: largest signal of the scene's acquisition over the noise's "
        "standard deviation.",
    )
    test_snr: tuple[Ratio, ...] = Field(
        PUBLISHED_SNR,
        min_length=1,
        description="SNRs of the test, by the same definition; beside them the test without noise.",
    )
    repeats: int = Field(100, ge=2, description="Monte-Carlo repetitions of the noise at each SNR.")
    phantoms: tuple[VesselPhantomName, ...] = Field(
        ("lambda", "fork", "background"), description="Test phantoms; the published one is lambda."
    )
    further_repeats: int = Field(
        10, ge=2, description="[assumption] Repetitions of the noise for phantoms beside lambda."
    )
    shown_snr: float = Field(
        15, gt=0, description="Training SNR of the network that stands for all where one is shown."
    )
    training: dict[LearnedDeblurring, DeblurrerTraining] = Field(
        default_factory=lambda: _published(DeblurrerTraining()), description="Training of each network."
    )
    solvers: DeconvolutionConfig = Field(default_factory=DeconvolutionConfig)
    search: DeconvolutionSearch = Field(default_factory=DeconvolutionSearch)

    @model_validator(mode="after")
    def _check(self) -> Self:
        trained = self.train_snr.get("Network", ())
        if self.shown_snr not in trained:
            raise ValueError(
                f"shown_snr: found {self.shown_snr:g}, expected one of train_snr of Network {list(trained)}"
            )
        for missing in sorted(set(self.train_snr) - set(self.training)):
            raise ValueError(f"training: found no {missing!r}, expected one as in train_snr")
        if "lambda" not in self.phantoms:
            raise ValueError(f"phantoms: found {list(self.phantoms)}, expected lambda among them")
        return self

    @property
    def from_retina(self) -> bool:
        """Whether a network learns from the retinal scene."""
        return any(LEARNED_FROM[name] == "retina" for name, levels in self.train_snr.items() if levels)
