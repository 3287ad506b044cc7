"""Methods on matrices whose physics training never saw: relaxation, and a receive chain."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mpipipe.config.restoration import ObservationConfig, RobustnessConfig
from mpipipe.config.simulate import SimulateConfig
from mpipipe.evaluation.records import concatenate_records
from mpipipe.evaluation.summary import compare
from mpipipe.noise.series import BackgroundSeries
from mpipipe.physics.receive_chain import TransferFunction
from mpipipe.physics.relaxation import Relaxation
from mpipipe.physics.sampling import grid_of, particle_of, scanner_of
from mpipipe.physics.system_function import simulate_rows
from mpipipe.restoration.method import Restorer
from mpipipe.restoration.phase import phase_spread
from mpipipe.storage.ensemble import StoredMatrix
from mpipipe.studies.cases import Case, cases
from mpipipe.studies.scores import score

AS_TRAINED = "as trained"
RECEIVE_CHAIN = "measured receive chain"
ANY_SIZE = (0.0, 1e9)


@dataclass(frozen=True)
class Physics:
    """What a simulation has beside the physics of training.

    Attributes
    ----------
    relaxation : Relaxation or None
        Relaxation of the moments; None for particles in equilibrium.
    transfer_function : TransferFunction or None
        Receive chain; None for gain 1.
    """

    relaxation: Relaxation | None = None
    transfer_function: TransferFunction | None = None


@dataclass(frozen=True)
class ScoredPhysics:
    """Methods on one physics.

    Attributes
    ----------
    name : str
        Name of the physics.
    records : DataFrame
        Scores of all methods, with the name as condition `physics`.
    phase_spread : float
        Mean of :func:`mpipipe.restoration.phase.phase_spread` over the true components of a matrix, then over matrices.
    """

    name: str
    records: pd.DataFrame
    phase_spread: float


def relaxations(config: RobustnessConfig) -> dict[str, Physics]:
    """Return the relaxations that are tried, by name; the first is none, as in training."""
    found = {AS_TRAINED: Physics()}
    for time in config.relaxation_us:
        found[f"Debye {time:g} µs"] = Physics(Relaxation(time_us=time))
    for time in config.relaxation_us:
        found[f"field-dependent {time:g} µs"] = Physics(Relaxation(time_us=time, field_dependent=True))
    return found


def silent_below(chain: TransferFunction) -> TransferFunction:
    """Return a receive chain that passes nothing below the lowest frequency that it was measured at."""
    lowest = chain.frequency_Hz[0]
    if lowest <= 0:
        return chain
    edge = np.array([0.0, np.nextafter(lowest, 0)])
    return TransferFunction(
        np.concatenate([edge, chain.frequency_Hz]), np.concatenate([np.zeros((3, 2)), chain.gain], axis=1)
    )


def altered_matrices(
    rows: pd.DataFrame, simulate: SimulateConfig, physics: Physics
) -> Iterator[StoredMatrix]:
    """Simulate rows of a parameter table with other physics, all components that carry signal.

    Parameters
    ----------
    rows : DataFrame
        Rows of the parameter table.
    simulate : SimulateConfig
        What is kept, oversampling, and the convention of fluid particles.
    physics : Physics
        What is simulated beside the physics of training.
    """
    for _, row in rows.iterrows():
        found = simulate_rows(
            scanner_of(row),
            particle_of(row, simulate.fluid_convention),
            grid_of(row),
            keep_above=simulate.keep_above,
            oversampling=simulate.oversampling,
            relaxation=physics.relaxation,
            transfer_function=physics.transfer_function,
        )
        yield StoredMatrix(found.values, found.channel, found.frequency, int(row["matrix"]), {})


def score_physics(
    rows: pd.DataFrame,
    physics: Mapping[str, Physics],
    background: BackgroundSeries,
    methods: Mapping[str, Restorer],
    *,
    simulate: SimulateConfig,
    sigma: float,
    components: int | None,
    seed_of: Callable[[int], int],
) -> Iterator[ScoredPhysics]:
    """Yield the scores of all methods on each physics, in turn; all methods see the same components and noise.

    Parameters
    ----------
    rows : DataFrame
        Rows of the parameter table, the matrices that are simulated anew.
    physics : mapping of Physics
        What is tried, by name.
    background : BackgroundSeries
        Empty frames of the same split.
    methods : mapping of Restorer
        Prepared methods by name.
    simulate : SimulateConfig
        How matrices are simulated.
    sigma : float
        Standard deviation of the complex noise at max|s| = 1.
    components : int or None
        Random components of each matrix; None takes all.
    seed_of : callable
        Seed for the matrix with this number.
    """
    for name, altered in physics.items():
        matrices = altered_matrices(rows, simulate, altered)
        drawn = cases(matrices, background, ObservationConfig(), sigma, components, seed_of)
        yield _scored(name, drawn, methods)


def _scored(name: str, drawn: Iterator[Case], methods: Mapping[str, Restorer]) -> ScoredPhysics:
    records: list[pd.DataFrame] = []
    spreads = []
    for case in drawn:
        spreads.append(float(phase_spread(case.truth).mean()))
        for method, restorer in methods.items():
            restored = case.restored_by(restorer)
            records += score(
                case, restored, table="robustness", method=method, repeat=0, edges=ANY_SIZE, physics=name
            )
    return ScoredPhysics(name, concatenate_records(records), sum(spreads) / len(spreads))


def gain_summary(records: pd.DataFrame, reference: str) -> pd.DataFrame:
    """Return each method's PSNR over that of a reference method, by physics, with paired 95 % intervals.

    Parameters
    ----------
    records : DataFrame
        Records of all methods with the condition `physics`.
    reference : str
        Method that the others are compared with.

    Returns
    -------
    DataFrame
        Columns ``condition``, ``method``, ``mean`` and ``ci95``, in dB.
    """
    chosen = records[records["metric"] == "psnr_db"]
    methods = [name for name in dict.fromkeys(chosen["method"]) if name != reference]
    frames = [compare(chosen, name, reference) for name in methods]
    joined: pd.DataFrame = pd.concat(frames, ignore_index=True).rename(columns={"physics": "condition"})
    return joined[["condition", "method", "mean", "ci95"]]
