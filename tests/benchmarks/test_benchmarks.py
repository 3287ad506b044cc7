"""The benchmark suite at tiny sizes: every part yields whole rows, and table, page and plot can be made of them."""

import json
import math

import numpy as np
import pytest

from benchmarks import device_simulation, page, results, run, speed_figure
from benchmarks.accuracy import bounded
from benchmarks.report import duration, table
from benchmarks.results import Part
from benchmarks.row import Row
from benchmarks.timing import best
from mpipipe.physics.system_function import SystemMatrixRows

SLOW = {
    "physics",
    "kaczmarz",
    "gridding",
    "training",
    "whole_matrix",
    "storage",
    "orchestration",
    "large_dag",
}
"""Parts whose tiny sizes take more than about three seconds."""
ABOUT = {"processor": "Processor X", "cores": "2", "memory": "8 GiB", "GPU": "none"}
FAST = Row(
    "fast", 1e-3, "floor", 8e-4, 1.5, {"loop": 0.1, "library": 5e-3}, "1e-6 (bound 1e-4)", "arithmetic"
)
LATE = Row("late", 2.0, "floor", 0.5, 1.5, more={"memory": "1 GB"})
BARE = Row("bare", 3e-9, bound_by="nothing known")


def part(*rows):
    return Part("A part", "What it measures.", ABOUT, "2026-01-02", 1.0, rows)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in run.EVERY]
)
def test_quick_rows_are_well_formed(name):
    module = run.module_of(name)
    assert module.TITLE
    assert module.__doc__
    check(list(module.rows(True)))


def check(rows):
    assert rows
    for row in rows:
        assert row.subject
        assert row.bound_by
        times = [row.seconds, *row.others.values()] + (
            [] if row.floor_seconds is None else [row.floor_seconds]
        )
        assert all(math.isfinite(time) and time > 0 for time in times)
        assert row.floor or row.floor_seconds is None
    assert len({row.subject for row in rows}) == len(rows)
    assert table(rows).count("\n") == len(rows) + 1


def test_rows_of_a_gpu_are_well_formed_on_a_processor():
    rows = list(device_simulation.device_rows("cpu", True))
    check(rows)
    assert [row.subject for row in rows] == [
        f"{grid}, {kind}" for grid in ("2-D 6×6", "3-D 3×3×3") for kind in ("immobilised", "fluid")
    ]
    assert all("(bound 1e-07)" in row.error and row.floor_seconds for row in rows)


@pytest.mark.parametrize(("change", "expected"), [(1.0, 0.0), (1.01, 0.01)])
def test_difference_of_two_simulations(change, expected):
    def rows(strength, factor=1.0):
        strength = np.array(strength, np.float32)
        values = np.array([[1], [0.5j]]) * factor * strength[:, None] * 1e6
        kept = strength > 0
        index = np.array([3, 5], np.int32)[kept]
        return SystemMatrixRows(values[kept].astype(np.complex64), 0 * index, index, strength[kept])

    assert device_simulation.difference(rows([1, 0.5], change), rows([1, 0.5])) == pytest.approx(
        expected, abs=1e-7
    )
    # A component that one of them alone keeps is an error by what it is above the threshold.
    assert device_simulation.difference(rows([1, 3e-4]), rows([1, 0])) == pytest.approx(2e-4, rel=1e-5)


def test_table_leaves_out_empty_columns_and_marks_what_is_missed():
    lines = table([FAST, LATE]).splitlines()
    assert lines[0] == (
        "|  | time | floor | time / floor | target | loop | library | memory | error | bound by |"
    )
    assert "1.25" in lines[2]
    assert "100 ms (100 ×)" in lines[2]
    assert "**4.00**" in lines[3]
    assert table([BARE]).splitlines()[0] == "|  | time | bound by |"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(3e-9, "3.00 ns"), (9.996e-4, "1.00 ms"), (0.0123, "12.3 ms"), (61, "1.02 min"), (7200, "2.00 h")],
)
def test_durations_have_three_digits(seconds, text):
    assert duration(seconds) == text


def test_smallest_time_counts():
    ticks = iter([0.0, 5.0, 0.0, 2.0, 0.0, 3.0])
    assert best(lambda: None, repeats=3, clock=lambda: next(ticks)) == [2.0]


@pytest.mark.parametrize("error", [2e-3, math.nan])
def test_an_error_above_its_bound_is_refused(error):
    with pytest.raises(AssertionError, match=r"expected at most 0\.001"):
        bounded(error, 1e-3)


def test_results_survive_a_file(tmp_path):
    parts = {"a": part(FAST, LATE, BARE)}
    (tmp_path / "benchmarks.json").write_text(results.as_json(parts), encoding="utf-8")
    assert results.read(tmp_path / "benchmarks.json") == parts
    assert results.read(tmp_path / "missing.json") == {}


def test_page_and_plot():
    parts = {"a": part(FAST, LATE), "b": part(BARE)}
    text = page.render(parts)
    assert "## A part" in text
    assert "Processor X, 2 cores, 8 GiB, 2026-01-02" in text
    assert speed_figure.render(parts).startswith(b"\x89PNG")


def test_other_parts_are_kept(tmp_path, monkeypatch):
    run.write(tmp_path, {"admm": part(FAST), "physics": part(LATE)})
    monkeypatch.setattr(run, "measured", lambda names, quick: [(name, part(BARE)) for name in names])
    assert run.main(["--only", "admm", "--out", str(tmp_path)]) == 0
    kept = json.loads((tmp_path / "benchmarks.json").read_text(encoding="utf-8"))
    assert {name: entry["rows"][0]["subject"] for name, entry in kept.items()} == {
        "physics": "late",
        "admm": "bare",
    }


def test_a_part_that_fails_is_named_and_nothing_is_written(tmp_path, monkeypatch, capsys):
    def measured(names, quick):
        return [(name, None if name == "admm" else part(FAST)) for name in names]

    monkeypatch.setattr(run, "measured", measured)
    assert run.main(["--only", "admm", "physics", "--out", str(tmp_path)]) == 1
    assert "failed: admm" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_without_a_gpu_a_line_says_so(monkeypatch, capsys):
    monkeypatch.setattr(run.machine, "gpu", lambda: "none")
    assert run.wanted(["admm"], gpu=True) == ["admm"]
    assert "its rows are left out" in capsys.readouterr().out
