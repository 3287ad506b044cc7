"""Methods on other physics: what must not matter does not, and what is scored is what was asked for."""

import numpy as np
import pytest
from pandas.testing import assert_frame_equal

from mpipipe.config.restoration import RobustnessConfig
from mpipipe.config.sample import CalibrationRanges, Ensemble, ParticleRanges, ScannerRanges
from mpipipe.config.simulate import SimulateConfig
from mpipipe.errors import InputError
from mpipipe.noise.series import BackgroundSeries
from mpipipe.physics.receive_chain import TransferFunction
from mpipipe.physics.sampling import draw_table, scanner_of
from mpipipe.restoration.classical import DctFilter
from mpipipe.restoration.multiplier import constant_multiplier
from mpipipe.studies.robustness import (
    AS_TRAINED,
    Physics,
    altered_matrices,
    gain_summary,
    relaxations,
    score_physics,
    silent_below,
)
from tests.training.networks import untrained

SIGMA, COMPONENTS = 0.1, 6
SIMULATE = SimulateConfig()
CONFIG = RobustnessConfig(sigma=SIGMA, matrices=2, relaxation_us=(3.0,))


class Identity:
    """Leaves components as they were measured."""

    def apply(self, observed, sigma=0.0, *, known=None, grid=None):
        return observed


@pytest.fixture(scope="module")
def rows():
    table = draw_table(
        Ensemble(train=1, val=1, test=2),
        ParticleRanges(),
        ScannerRanges(),
        CalibrationRanges(grid_size=(12, 13)),
        seed_of=lambda split, item: 100 + item,
    )
    return table.query("split == 'test'")


@pytest.fixture(scope="module")
def background(rows):
    frequencies = scanner_of(rows.iloc[0]).samples // 2 + 1
    rng = np.random.default_rng(0)
    parts = rng.standard_normal((2, 3, frequencies, 200), np.float32)
    return BackgroundSeries(parts[0] + 1j * parts[1])


def scored(rows, background, physics, methods):
    found = score_physics(
        rows,
        physics,
        background,
        methods,
        simulate=SIMULATE,
        sigma=SIGMA,
        components=COMPONENTS,
        seed_of=lambda matrix: matrix,
    )
    return {one.name: one for one in found}


def test_every_physics_is_scored_at_the_named_level(rows, background):
    physics = relaxations(CONFIG)
    assert list(physics) == [AS_TRAINED, "Debye 3 µs", "field-dependent 3 µs"]
    found = scored(rows, background, physics, {"Noisy": Identity()})
    assert list(found) == list(physics)
    for name, one in found.items():
        psnr = one.records[one.records["metric"] == "psnr_db"]
        assert set(psnr["physics"]) == {name} and len(psnr) == 2 * COMPONENTS
        assert set(psnr["item"]) == set(rows["matrix"])
        np.testing.assert_allclose(psnr["value"], -20 * np.log10(SIGMA), atol=1e-3)
    # A constant relaxation time turns a component as a whole; one that depends on the field bends its phase.
    assert found[AS_TRAINED].phase_spread < 1e-6 and found["Debye 3 µs"].phase_spread < 1e-6
    assert found["field-dependent 3 µs"].phase_spread > 1e-4


def test_a_flat_receive_chain_changes_no_score(rows, background):
    """A gain leaves the components that are kept, and filters and networks commute with it."""
    gain = np.array([[3.0], [0.5], [20.0]]) * np.ones((3, 2))
    chain = Physics(transfer_function=TransferFunction(np.array([0.0, 2e6]), gain))
    methods = {"DCT-F": DctFilter(constant_multiplier(1.0)), "DnCNN": untrained("DnCNN")[0]}
    found = scored(rows, background, {"ideal": Physics(), "chain": chain}, methods)
    ideal, real = (found[name].records for name in ("ideal", "chain"))
    assert_frame_equal(real.drop(columns="physics"), ideal.drop(columns="physics"), rtol=1e-3)
    assert found["chain"].phase_spread == pytest.approx(found["ideal"].phase_spread, abs=1e-6)


def test_nothing_is_heard_below_the_measured_range(rows):
    frequency = np.linspace(1e4, 1.5e6, 40)
    gain = np.random.default_rng(0).normal(size=(3, 40)) + 1j
    measured = TransferFunction(frequency, gain)
    chain = silent_below(measured)
    asked = np.array([0.0, 1.0, 9999.0, 1e4, 12345.0, 1.5e6])
    np.testing.assert_array_equal(chain.at(asked)[:, :3], 0)
    np.testing.assert_allclose(chain.at(asked)[:, 3:], measured.at(asked[3:]), rtol=1e-9)
    assert silent_below(chain) is chain
    one = rows.head(1)
    with pytest.raises(InputError, match="transfer_function: found 10000 to"):
        next(altered_matrices(one, SIMULATE, Physics(transfer_function=measured)))
    matrix = next(altered_matrices(one, SIMULATE, Physics(transfer_function=chain)))
    heard = scanner_of(one.iloc[0]).frequency_Hz(matrix.frequency)
    assert heard.min() >= 1e4
    # The others are the ideal ones times the gain at their frequency.
    ideal = next(altered_matrices(one, SIMULATE, Physics()))
    place = {key: number for number, key in enumerate(zip(ideal.channel, ideal.frequency, strict=True))}
    both = [
        (n, place[key])
        for n, key in enumerate(zip(matrix.channel, matrix.frequency, strict=True))
        if key in place
    ]
    assert len(both) > 50
    ours, theirs = map(list, zip(*both, strict=True))
    factor = chain.at(heard)[matrix.channel, np.arange(len(heard))][ours]
    expected = ideal.values[theirs] * factor[:, None, None]
    np.testing.assert_allclose(matrix.values[ours], expected, atol=1e-5 * np.abs(expected).max())


def test_gains_are_paired_differences_of_psnr(rows, background):
    methods = {"DCT-F": Identity(), "DnCNN": DctFilter(constant_multiplier(1.0))}
    (one,) = scored(rows, background, {AS_TRAINED: Physics()}, methods).values()
    psnr = one.records[one.records["metric"] == "psnr_db"]
    means = psnr.pivot_table(index="method", columns="item", values="value")
    difference = (means.loc["DnCNN"] - means.loc["DCT-F"]).to_numpy()
    (row,) = gain_summary(one.records, "DCT-F").to_dict("records")
    assert row["condition"] == AS_TRAINED and row["method"] == "DnCNN"
    assert row["mean"] == pytest.approx(difference.mean())
    # Student's t for one degree of freedom at 97.5 %.
    assert row["ci95"] == pytest.approx(12.706204736 * difference.std(ddof=1) / np.sqrt(2), rel=1e-6)
