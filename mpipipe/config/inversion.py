"""The inversion study: 1-D scanner, scenes, trainings, and what is compared (Chae 2017)."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from mpipipe.config.base import Section
from mpipipe.config.line_inverse import LineInverseSearch
from mpipipe.config.line_scanner import LineScanner
from mpipipe.config.perceptron import InputNormalisation, PerceptronConfig, PerceptronTraining

LineNetwork = Literal["Single-layer", "Single-layer (linear)", "Multi-layer"]
OptimiserName = Literal["SGD", "Muon"]
"""Published and modern training, as records name them."""
Positive = Annotated[float, Field(gt=0)]


class LineCounts(Section):
    """Random scenes of each split; published are 30,000 and 1000."""

    train: int = Field(30000, ge=2, description="Scenes that networks learn from.")
    val: int = Field(1000, ge=1, description="[assumption] Scenes that settings and weights are chosen on.")
    test: int = Field(1000, ge=1, description="Scenes that are scored.")


class Sweep(Section):
    """Trainings of every combination of these values."""

    optimisers: tuple[OptimiserName, ...] = Field(("Muon",), min_length=1, description="Ways to train.")
    networks: tuple[LineNetwork, ...] = Field(
        ("Single-layer", "Multi-layer"), min_length=1, description="Networks."
    )
    hidden_units: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        (200,), min_length=1, description="Units of the hidden layer, for the network that has one."
    )
    diameters_nm: tuple[Positive, ...] = Field((40,), min_length=1, description="Core diameters in nm.")
    n_train: tuple[Annotated[int, Field(ge=2)], ...] = Field(
        (30000,), min_length=1, description="First training scenes that are used."
    )
    snr_db: tuple[float | None, ...] = Field(
        (None,),
        min_length=1,
        description="White noise on the spectra of training and test, in dB; null for none.",
    )
    normalisations: tuple[InputNormalisation | None, ...] = Field(
        (None,), min_length=1, description="Normalisation of the inputs; null for that of the training."
    )


class InversionConfig(Section):
    """Section ``inversion``."""

    line: LineScanner = Field(
        default_factory=LineScanner, description="Scanner, particles, voxels and harmonics."
    )
    scenes: LineCounts = Field(default_factory=LineCounts)
    training: dict[OptimiserName, dict[LineNetwork, PerceptronTraining]] = Field(
        default_factory=dict,
        description="Training of each network; diameter, scenes and units are those of a sweep.",
    )
    sweeps: dict[str, Sweep] = Field(
        default_factory=dict,
        description="What is compared, by name; a training that two sweeps share is run once.",
    )
    search: LineInverseSearch = Field(
        default_factory=LineInverseSearch, description="Settings of the classical inverses that tuning tries."
    )
    snr_db: tuple[float, ...] = Field(
        (20, 30, 40),
        description="Noise at which classical inverses are tuned and scored, beside none, in dB.",
    )
    shown_units: tuple[int, ...] = Field(
        (123, 200), min_length=1, description="Hidden units of the networks whose patterns are shown."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        for name, sweep in self.sweeps.items():
            for optimiser in sweep.optimisers:
                lacking = [one for one in sweep.networks if one not in self.training.get(optimiser, {})]
                if lacking:
                    raise ValueError(
                        f"sweeps.{name}: found no training.{optimiser}.{lacking[0]}, expected one for each network"
                    )
            unknown = set(sweep.diameters_nm) - set(self.line.diameters_nm)
            if unknown:
                raise ValueError(
                    f"sweeps.{name}.diameters_nm: found {min(unknown):g}, expected one of "
                    f"{', '.join(f'{one:g}' for one in self.line.diameters_nm)} (line.diameters_nm)"
                )
            if max(sweep.n_train) > self.scenes.train:
                raise ValueError(
                    f"sweeps.{name}.n_train: found {max(sweep.n_train)}, expected at most {self.scenes.train} "
                    "(scenes.train)"
                )
        return self


def network_config(network: LineNetwork, hidden_units: int) -> PerceptronConfig:
    """Return the architecture of a named network; `hidden_units` is 0 for a single layer."""
    activation: Literal["sigmoid", "linear"] = "linear" if network == "Single-layer (linear)" else "sigmoid"
    return PerceptronConfig(hidden_units=hidden_units, activation=activation)
