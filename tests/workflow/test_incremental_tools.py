"""Edits in a checkout: the jobs of `snakemake -n` and the stages of `dvc repro --dry` are those that should run."""

import os
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from mpipipe.studies.plan import SECTIONS
from tests.workflow.conftest import Checkout
from tests.workflow.expected import (
    classes_of_modules,
    jobs_after,
    loading,
    made_from_others,
    refused,
    rule_of,
    smoke_plan,
    stages_of,
)
from tests.workflow.meaning import MEANING
from tests.workflow.parameter_edits import Key, edits_in

STAGES = frozenset(stages_of(loading("errors.py")))
# One row of each section: a call of both tools takes ten seconds, and `test_incremental.py` edits all rows in process.
ROWS = [
    next(row for row in sorted(MEANING) if row.split(".")[0] == name)
    for name in sorted({r.split(".")[0] for r in MEANING})
]


@contextmanager
def undone(checkout: Checkout) -> Iterator[Checkout]:
    """Take back afterwards what was edited."""
    try:
        yield checkout
    finally:
        checkout.git("checkout", "--quiet", ".")


def stages_to_run(checkout: Checkout) -> set[str]:
    """Return the stages that `dvc repro --dry` would run."""
    return set(
        re.findall(r"^Running stage '(\w+)'", checkout.run("dvc", "repro", "--dry").stdout, re.MULTILINE)
    )


def append(file: Path, text: str) -> None:
    file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")


def test_edits_that_mean_nothing_run_nothing(shared: Checkout) -> None:
    with undone(shared):
        raw = yaml.safe_load((shared.path / "params.yaml").read_text(encoding="utf-8"))
        backwards = {
            name: raw[name] for name in reversed(raw)
        }  # no comments, other spaces, other order of the keys
        (shared.path / "params.yaml").write_text(
            "# a comment\n\n" + yaml.safe_dump(backwards, sort_keys=False)
        )
        append(shared.path / "docs/workflow.md", "\nA sentence.\n")
        append(shared.path / "README.md", "\nA sentence.\n")
        append(shared.path / "mpipipe/cli/ledger.py", "# an edit\n")
        for name in ("mpipipe/physics/grid.py", "data/smoke/sample/lissajous_2d.parquet", "params.yaml"):
            os.utime(shared.path / name)
        assert shared.planned() == {} and stages_to_run(shared) == set()
    assert shared.planned() == {} and stages_to_run(shared) == set()


def test_a_value_that_is_changed_and_changed_back_runs_nothing(shared: Checkout) -> None:
    with undone(shared):
        shared.edit("params.yaml", "fixed_multiplier: 3", "fixed_multiplier: 2.5")
        assert shared.planned() == jobs_after("baseline") and stages_to_run(shared) == {"baseline"}
        shared.edit("params.yaml", "fixed_multiplier: 2.5", "fixed_multiplier: 3.0")
        assert shared.planned() == {} and stages_to_run(shared) == set()


def test_an_edit_of_a_rule_runs_its_jobs_in_snakemake_and_cannot_be_recorded_before(shared: Checkout) -> None:
    """A rule says how a job is called and not what it computes, so that it is no part of the ledger."""
    with undone(shared):
        shared.edit("workflow/rules/sample.smk", '" table={output.artifact}"', '" table={output.artifact} "')
        assert shared.planned() == jobs_after("sample") and stages_to_run(shared) == set()
        refused(shared.run("mpipipe", "record", check=False), "found jobs to run")
    assert shared.planned() == {}


def test_a_lock_that_was_forced_over_an_edit_is_not_taken_over(shared: Checkout) -> None:
    """After `dvc commit --force` the lock names data that the parameters do not give, and DVC finds nothing to do."""
    with undone(shared):
        shared.edit("params.yaml", "fixed_multiplier: 3", "fixed_multiplier: 2.5")
        shared.run("dvc", "commit", "--force")
        assert stages_to_run(shared) == set()
        assert shared.planned() == jobs_after("baseline")
        refused(shared.run("mpipipe", "record", check=False), "found jobs to run")
        for verb in ("adopt", "pull"):
            refused(shared.run("mpipipe", verb, check=False), "found provenance")
    assert shared.planned() == {} and stages_to_run(shared) == set()


def one_module_of_each_set_of_stages() -> list[str]:
    found: dict[frozenset[str], str] = {}
    for jobs, names in classes_of_modules().items():
        found.setdefault(frozenset(stages_of(jobs)), names[0])
    return sorted(found.values())


@pytest.mark.slow
@pytest.mark.parametrize("name", one_module_of_each_set_of_stages())
def test_an_edit_of_a_module_runs_the_jobs_and_stages_that_load_it(shared: Checkout, name: str) -> None:
    with undone(shared):
        append(shared.path / "mpipipe" / name, "# an edit\n")
        assert shared.planned() == jobs_after(*loading(name))
        assert stages_to_run(shared) == stages_of(loading(name))


def set_at_smoke_scale(file: Path, key: Key, value: Any) -> None:
    raw = yaml.safe_load(file.read_text(encoding="utf-8"))
    section = raw["scales"]["smoke"]
    for name in key[:-1]:
        section[name] = dict(section.get(name, {}))  # a copy: an anchor's value is shared by all its aliases
        section = section[name]
    section[key[-1]] = value
    file.write_text(yaml.safe_dump(raw, sort_keys=False), encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS)
def test_an_edit_in_a_section_runs_its_jobs_and_the_stages_that_track_it(shared: Checkout, row: str) -> None:
    edit = next(edits_in(row))
    stale = made_from_others(edit.plan)
    for path, artifact in edit.plan.artifacts.items():
        if stale & set(artifact.inputs):
            stale.add(path)
    with undone(shared):
        set_at_smoke_scale(shared.path / "params.yaml", edit.key, edit.value)
        assert shared.planned() == Counter(map(rule_of, stale)), edit.key
        section = row.split(".")[0]
        assert stages_to_run(shared) == {noun for noun, names in SECTIONS.items() if section in names}


@pytest.mark.slow
@pytest.mark.parametrize("key", ["seed", "scale"])
def test_seed_and_scale_are_in_every_job(shared: Checkout, key: str) -> None:
    with undone(shared):
        if key == "seed":
            shared.edit("params.yaml", "seed: 20251128", "seed: 1")
            assert shared.planned() == Counter(map(rule_of, smoke_plan().artifacts))
            assert stages_to_run(shared) == STAGES
        else:
            shared.edit("params.yaml", "scale: smoke ", "scale: laptop ")
            assert (
                shared.changed_stages() == STAGES
            )  # a dry run of DVC wants the other scale's folders to be there
