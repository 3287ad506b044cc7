"""The table of parameters: what was drawn lies in what was asked for."""

import numpy as np
import pytest

from mpipipe.config.sample import Ensemble, SampleConfig
from mpipipe.errors import InputError
from mpipipe.evaluation.parameter_table import format_parameters, parameter_frame
from mpipipe.evaluation.tables import csv_text, markdown
from mpipipe.physics.resolution import fwhm_mm
from mpipipe.physics.sampling import draw_table, particle_of

CONFIG = SampleConfig(
    ensembles={
        "flat": Ensemble(train=60, val=10, test=30),
        "fine": Ensemble(train=20, val=2, test=4, refinement=2),
        "deep": Ensemble(dimension=3, train=30, val=5, test=5),
    }
)


@pytest.fixture(scope="module")
def sampled():
    def seed_of(split, item):
        return 1000 * ("train", "val", "test").index(split) + item

    ranges = (CONFIG.particle, CONFIG.scanner, CONFIG.calibration)
    return {name: draw_table(ensemble, *ranges, seed_of) for name, ensemble in CONFIG.ensembles.items()}


@pytest.fixture(scope="module")
def frame(sampled):
    return parameter_frame(sampled, CONFIG).set_index("parameter")


def test_drawn_values_lie_within_what_was_asked_for(frame):
    bounded = frame.dropna(subset=["lower"]).drop(
        index=["grid points"]
    )  # grid limits may change their number
    for name in ("flat", "deep"):
        own = bounded.dropna(subset=[f"{name}_minimum"])
        inside = (own[f"{name}_minimum"] >= own["lower"] - 1e-9) & (
            own[f"{name}_maximum"] <= own["upper"] + 1e-9
        )
        assert inside.all(), own.index[~inside]
        assert (own[f"{name}_minimum"] <= own[f"{name}_median"]).all()
        assert (own[f"{name}_median"] <= own[f"{name}_maximum"]).all()


def test_many_draws_come_close_to_the_ends(frame):
    for name in ("core diameter", "drive amplitude", "gradient, x and y", "centre of the grid"):
        low, high = frame.loc[name, ["lower", "upper"]]
        assert frame.loc[name, "flat_minimum"] < low + 0.1 * (high - low)
        assert frame.loc[name, "flat_maximum"] > high - 0.1 * (high - low)


def test_derived_values(frame, sampled):
    table = sampled["deep"]
    fields = [2 * table[f"drive_amplitude_{a}_mT"] / table[f"gradient_{a}_T_per_m"].abs() for a in "xyz"]
    assert frame.loc["drive-field field of view", "deep_median"] == pytest.approx(
        np.median(np.concatenate(fields))
    )
    assert frame.loc["drive-field field of view", "deep_maximum"] == pytest.approx(np.max(fields))
    assert frame.loc["gradient, z", "deep_maximum"] < 0
    assert frame.loc["fluid particles", "deep_median"] == pytest.approx((table["kind"] == "fluid").mean())
    assert np.isnan(frame.loc["fluid particles", "deep_minimum"])
    assert frame.loc["drive frequency, z", "deep_median"] == pytest.approx(2500 / 99)
    assert np.isnan(frame.loc["drive frequency, z", "flat_median"])


def test_points_of_the_grid_per_width(frame, sampled):
    table = sampled["flat"]
    points = [
        fwhm_mm(particle_of(row), row[f"gradient_{axis}_T_per_m"])
        * row[f"size_{axis}"]
        / row[f"field_of_view_{axis}_mm"]
        for _, row in table.iterrows()
        for axis in "xy"
    ]
    for kind, value in (("minimum", min(points)), ("median", np.median(points)), ("maximum", max(points))):
        assert frame.loc["grid points", f"flat_{kind}"] == pytest.approx(value)
    ratio = frame.loc["grid points", "fine_median"] / frame.loc["grid points", "flat_median"]
    assert 1.6 < ratio < 2.4


def test_only_fluid_particles_have_an_exponent(frame, sampled):
    table = sampled["fine"]
    fluid = table[table["kind"] == "fluid"]["gamma"]
    assert frame.loc["exponent γ, fluid", "fine_minimum"] == fluid.min()
    assert frame.loc["exponent γ, fluid", "fine_maximum"] == fluid.max()


def test_table_says_what_the_paper_prints(frame, sampled):
    table = format_parameters(frame.reset_index(), sampled, CONFIG)
    assert table.groups == ("flat", "fine", "deep")
    assert {len(row) for row in table.rows} == {len(table.stub) + 9}
    rows = {row[0]: row for row in table.rows}
    assert rows["core diameter"][1:5] == ("nm", "15 to 25", "uniform in the cube", "printed")
    assert rows["anisotropy constant"][2:5] == (
        "100 to 10000",
        "log-uniform",
        "printed; interval [assumption]",
    )
    assert rows["temperature"][2:6] == ("293", "constant", "printed", "293")
    assert rows["grid size of an axis"][4] == "[assumption]"
    assert rows["gradient, z"][2] == "–"
    assert "60/10/30" in table.notes[0] and "1000/300/300" in table.notes[0]
    assert "2 times the grid points" in table.notes[1]
    assert "50/15/15" in table.notes[2]
    text = markdown(table, "Parameters.")
    assert text.count("\n| ") == len(table.rows) + 2
    assert csv_text(frame.reset_index()).startswith(
        "parameter,unit,lower,upper,distribution,source,flat_minimum"
    )


def test_mistakes_are_one_clear_line(sampled):
    with pytest.raises(InputError, match="sampled: found no parameter table"):
        parameter_frame({}, CONFIG)
    with pytest.raises(InputError, match="sampled: found ensemble 'other', expected one of flat, fine, deep"):
        parameter_frame({"other": sampled["flat"]}, CONFIG)
