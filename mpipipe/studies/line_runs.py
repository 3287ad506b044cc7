"""The trainings of the inversion study: every combination of its sweeps, each once."""

from collections.abc import Iterator
from itertools import product
from typing import Self

from mpipipe.config.base import Section
from mpipipe.config.inversion import InversionConfig, LineNetwork, OptimiserName, Sweep, network_config
from mpipipe.config.perceptron import InputNormalisation, PerceptronTraining
from mpipipe.studies.names import slug


class LineRun(Section):
    """One training, and the conditions of its records."""

    network: LineNetwork
    optimiser: OptimiserName
    diameter_nm: float
    n_train: int
    hidden_units: int
    snr_db: float | None
    training: PerceptronTraining
    chosen: bool
    """Whether its normalisation is the one of the study, and its error is scored on the test scenes."""

    @classmethod
    def of(
        cls,
        config: InversionConfig,
        network: LineNetwork,
        optimiser: OptimiserName,
        *,
        diameter_nm: float,
        n_train: int,
        hidden_units: int,
        snr_db: float | None,
        normalisation: InputNormalisation | None,
    ) -> Self:
        """Return a run with the training that the study has for its network."""
        base = config.training[optimiser][network]
        changes: dict[str, object] = {"network": network_config(network, hidden_units)}
        if normalisation is not None:
            changes["normalisation"] = normalisation
        return cls(
            network=network,
            optimiser=optimiser,
            diameter_nm=diameter_nm,
            n_train=n_train,
            hidden_units=hidden_units,
            snr_db=snr_db,
            training=base.model_copy(update=changes),
            chosen=normalisation in (None, base.normalisation),
        )

    @property
    def problem(self) -> str:
        """Data that it learns from, for paths."""
        noise = "" if self.snr_db is None else f"-snr{self.snr_db:g}"
        return f"d{self.diameter_nm:g}-n{self.n_train}{noise}"

    @property
    def name(self) -> str:
        """Network and training, for paths."""
        units = f"-{self.hidden_units}" if self.hidden_units else ""
        return f"{slug(self.network)}{units}-{slug(self.optimiser)}-{slug(self.training.normalisation)}"


def runs_of(config: InversionConfig) -> list[LineRun]:
    """Return the trainings of all sweeps in order; one that several share stands once."""
    found: dict[tuple[str, str], LineRun] = {}
    for sweep in config.sweeps.values():
        for run in _combinations(config, sweep):
            found.setdefault((run.problem, run.name), run)
    return list(found.values())


def _combinations(config: InversionConfig, sweep: Sweep) -> Iterator[LineRun]:
    for optimiser, network, diameter, count, snr, normalisation in product(
        sweep.optimisers,
        sweep.networks,
        sweep.diameters_nm,
        sweep.n_train,
        sweep.snr_db,
        sweep.normalisations,
    ):
        for units in sweep.hidden_units if network == "Multi-layer" else (0,):
            yield LineRun.of(
                config,
                network,
                optimiser,
                diameter_nm=diameter,
                n_train=count,
                hidden_units=units,
                snr_db=snr,
                normalisation=normalisation,
            )
