"""Perceptrons that learn the inverse of a 1-D system matrix, and their training (Chae 2017, sections II and III)."""

from typing import Literal, Self

from pydantic import Field, model_validator

from mpipipe.config.base import Section

InputNormalisation = Literal["feature_scale", "feature_standard", "sample_max", "global_scale"]
PerceptronOptimiser = Literal["SGD", "Adam", "Muon"]


class PerceptronConfig(Section):
    """A network without biases, with one hidden layer of sigmoid units or none."""

    hidden_units: int = Field(
        0, ge=0, le=65536, description="Sigmoid units of the hidden layer; 0 is the single layer (eq. 6)."
    )
    activation: Literal["sigmoid", "linear"] = Field(
        "sigmoid", description="Activation of the output (eq. 8, and figure 11)."
    )


class PerceptronTraining(Section):
    """Training of a perceptron; the defaults are the published ones."""

    network: PerceptronConfig = Field(default_factory=PerceptronConfig)
    normalisation: InputNormalisation = Field(
        "feature_scale",
        description="[assumption] What inputs are divided by: each harmonic by its standard deviation over the training "
        "scenes (feature_scale), after its mean is subtracted (feature_standard: this brings back a bias), each spectrum "
        "by its largest modulus (sample_max), or all by one standard deviation (global_scale).",
    )
    floor: float = Field(
        1e-12,
        ge=0,
        lt=1,
        description="[assumption] Smallest divisor of a harmonic over the largest one: what is weaker is rounding, and "
        "would become data if it were scaled up.",
    )
    optimiser: PerceptronOptimiser = Field(
        "SGD", description="Gradient descent as published (eq. 7), or modern."
    )
    learning_rate: float = Field(0.5, gt=0, le=100, description="Peak learning rate.")
    batch: int = Field(
        50,
        ge=1,
        description="[assumption] Scenes in a batch, over which the gradient is the mean.",
    )
    epochs: int = Field(
        300,
        ge=1,
        description="Passes over the training scenes, the paper's iterations [assumption]; a few hundred are published.",
    )
    least_steps: int = Field(
        0, ge=0, description="[assumption] Optimiser steps at least: few scenes are passed over more often."
    )
    schedule: Literal["constant", "cosine"] = Field(
        "constant", description="Learning rate: constant, or along half a cosine to zero."
    )
    cost: Literal["squared", "cross_entropy"] = Field(
        "squared", description="Half the squared error (published) or the cross entropy, summed over voxels."
    )
    initial_scale: float = Field(
        1.0,
        ge=0,
        description="[assumption] Standard deviation of initial weights times the square root of a unit's inputs.",
    )
    momentum: float = Field(0.95, ge=0, lt=1, description="[assumption] Momentum of Muon.")
    seed: int = Field(0, ge=0, description="Added to the seed that is derived for the network.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.cost == "cross_entropy" and self.network.activation != "sigmoid":
            raise ValueError(
                f"cost: found cross_entropy with activation {self.network.activation}, expected sigmoid"
            )
        if self.network.hidden_units and not self.initial_scale:
            raise ValueError(
                "initial_scale: found 0 with hidden units, expected a positive value, as equal units stay equal"
            )
        return self


def modern_training(network: PerceptronConfig) -> PerceptronTraining:
    """Return the training that reaches the published errors in seconds: Muon on the cross entropy, annealed.

    Fewer training scenes are passed over more often, up to the 900 or 1200 steps that 30,000 scenes get.

    Parameters
    ----------
    network : PerceptronConfig
        A linear output is trained on the squared error.
    """
    linear = network.activation == "linear"
    settings = (
        {"batch": 2000, "epochs": 60, "learning_rate": 0.1}
        if network.hidden_units
        else {"batch": 1000, "epochs": 40, "learning_rate": 0.05 if linear else 0.2}
    )
    return PerceptronTraining(
        network=network,
        optimiser="Muon",
        schedule="cosine",
        cost="squared" if linear else "cross_entropy",
        initial_scale=1.0 if network.hidden_units else 0.0,
        least_steps=900 if network.hidden_units else 1200,
        **settings,
    )
