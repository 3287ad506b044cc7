"""After an edit exactly the jobs that depend on it change: every module of the package, every parameter."""

import ast
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from mpipipe.config import sources
from mpipipe.studies.plan import NOUNS, SECTIONS, Plan
from tests.workflow.conftest import ROOT
from tests.workflow.expected import (
    JOBS,
    classes_of_modules,
    loaded_files,
    loading,
    made_by,
    made_from_others,
    smoke_plan,
    with_downstream,
)
from tests.workflow.meaning import MEANING, OUTSIDE
from tests.workflow.parameter_edits import Key, by_row, edits_in, raw_parameters

PACKAGE = ROOT / "mpipipe"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the package that the digests are taken of."""
    copy = tmp_path / "mpipipe"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__", "pretrained"))
    monkeypatch.setattr(sources, "PACKAGE", copy)
    forget(*CACHED)
    yield copy
    monkeypatch.undo()
    forget(*CACHED)


CACHED = [name for name, value in vars(sources).items() if hasattr(value, "cache_clear")]


def forget(*names: str) -> None:
    for name in names:
        getattr(sources, name).cache_clear()


def recipes() -> dict[str, str]:
    forget("_name_and_content", "code_digest")
    plan = Plan(smoke_plan().params)
    return {path: plan.recipe(path) for path in plan.artifacts}


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    assert before.keys() == after.keys()
    return {path for path in before if before[path] != after[path]}


@pytest.mark.parametrize("job", JOBS)
def test_sources_of_a_job_are_the_modules_that_python_can_load_for_it(job: str) -> None:
    files = {path.relative_to(PACKAGE).as_posix() for path in sources.source_files(f"mpipipe.cli.jobs.{job}")}
    assert {name for name in files if name.endswith(".py")} == loaded_files(job)


def test_import_statements_are_found_as_the_syntax_tree_holds_them() -> None:
    for file in sorted(PACKAGE.rglob("*.py")):
        tree = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        names = {name for node in tree if isinstance(node, ast.stmt) for name in sources._names(node)}
        expected = {path for name in names if name.split(".")[0] == "mpipipe" for path in paths_of(name)}
        assert set(sources._imported(file)) - {None} == expected, file


def paths_of(name: str) -> Iterator[Path]:
    parts = name.split(".")[1:]
    for length in range(1, len(parts) + 1):
        stem = PACKAGE.joinpath(*parts[:length])
        yield from (path for path in (stem.with_suffix(".py"), stem / "__init__.py") if path.is_file())


@pytest.mark.parametrize(
    "names",
    [
        pytest.param([group[0] for group in classes_of_modules().values()], id="one of each class"),
        pytest.param(
            [name for group in classes_of_modules().values() for name in group],
            id="all",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_an_edit_of_a_module_changes_exactly_the_jobs_that_load_it(package: Path, names: list[str]) -> None:
    before = recipes()
    for name in names:
        content = (package / name).read_bytes()
        (package / name).write_bytes(content + b"# an edit\n")
        assert changed(before, recipes()) == with_downstream(made_by(loading(name))), name
        (package / name).write_bytes(content)
    assert recipes() == before


def test_an_edit_of_package_data_changes_the_jobs_of_the_module_that_reads_it(package: Path) -> None:
    before = recipes()
    data = [path for path in package.rglob("*") if path.suffix in sources.DATA_SUFFIXES]
    assert data
    for file in sorted(data):
        folder = file.parent.parent if file.parent.name == "templates" else file.parent
        module = (folder / f"{file.name.split('.')[0]}.py").relative_to(package).as_posix()
        content = file.read_bytes()
        file.write_bytes(content + b"\n")
        assert changed(before, recipes()) == with_downstream(made_by(loading(module))), file
        file.write_bytes(content)


def test_line_endings_are_no_edit(package: Path) -> None:
    before = recipes()
    for file in package.rglob("*.py"):
        file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert recipes() == before


def jobs_that_differ(plan: Plan) -> set[str]:
    """Return the jobs whose settings or inputs are others; without the results pages, which read whatever there is."""
    return {plan.artifacts[path].job for path in made_from_others(plan)} - {"gallery"}


def test_each_parameter_is_in_one_row_of_the_table_of_meanings_and_each_row_has_parameters() -> None:
    assert by_row().keys() == MEANING.keys()


@pytest.mark.parametrize("row", sorted(MEANING))
def test_an_edit_in_a_section_changes_only_jobs_that_it_means(row: str) -> None:
    edit = next(edits_in(row))
    found = jobs_that_differ(edit.plan)
    assert found <= set(MEANING[row].split()), edit.key
    assert found or row in OUTSIDE, f"{edit.key} changes nothing"


def trained_at_smoke_scale(key: Key) -> bool:
    """Say whether a training is among the smoke scale's methods, which are fewer than params.yaml names."""
    problems = smoke_plan().params.restoration.problems
    return key[0] != "train" or key[2] in problems[key[1]].methods


@pytest.mark.slow
@pytest.mark.parametrize("row", sorted(MEANING))
def test_edits_of_all_parameters_change_all_jobs_that_the_section_means_and_no_other(row: str) -> None:
    changed_by_any: set[str] = set()
    for edit in edits_in(row):
        found = jobs_that_differ(edit.plan)
        counts = row not in OUTSIDE and trained_at_smoke_scale(edit.key)
        assert bool(found) == counts, f"{'.'.join(edit.key)} = {edit.value} changes {found or 'nothing'}"
        changed_by_any |= found
    assert changed_by_any == set(MEANING[row].split())


def test_an_edit_of_seed_or_scale_changes_every_job() -> None:
    raw = raw_parameters()
    for key, value in (("seed", raw["seed"] + 1), ("scale", "laptop")):
        plan = Plan(type(smoke_plan().params).model_validate({**raw, key: value}))
        assert not {plan.recipe(path) for path in plan.artifacts} & set(recipes().values())


def test_the_ledger_tracks_for_each_stage_the_sections_that_its_jobs_hold_and_no_other() -> None:
    nouns: dict[str, set[str]] = {noun: set() for noun in NOUNS}
    for row, jobs in MEANING.items():
        for noun in {smoke_plan().artifacts[path].noun for path in made_by(jobs.split())}:
            nouns[noun].add(row.split(".")[0])
    assert nouns == {noun: set(sections) for noun, sections in SECTIONS.items()}
