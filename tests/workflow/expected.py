"""Which jobs an edit should run: from the plan's graph and from Python's own import system, not from the digests."""

import dis
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from functools import cache
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from subprocess import CompletedProcess
from types import CodeType

from mpipipe.config.params import load_params
from mpipipe.studies.plan import Plan
from tests.workflow.conftest import ROOT

# Artifacts of a stage that a rule of their own makes; all others are made by the rule named as their stage.
OWN_RULES = {
    "examples.zarr": "examples",
    "overview.zarr": "overview",
    "robustness.parquet": "robustness",
    "timing.parquet": "timing",
    "metrics.parquet": "metrics",
    "filters.zarr": "signal_filters",
    "index.html": "gallery",
}


@cache
def smoke_plan() -> Plan:
    return Plan(load_params(ROOT / "params.yaml", "smoke"))


JOBS = sorted({artifact.job for artifact in smoke_plan().artifacts.values()})


def rule_of(path: str) -> str:
    """Return the rule that makes an artifact."""
    parts = Path(path).parts
    if parts[-1] == "entries.json":
        return f"figures_{parts[2]}"
    return OWN_RULES.get(parts[-1], parts[2])


def with_downstream(direct: Collection[str]) -> set[str]:
    """Return these artifacts and all that reads from them, directly or not."""
    stale: set[str] = set()
    for path, artifact in smoke_plan().artifacts.items():  # inputs come before what is made from them
        if path in direct or stale & set(artifact.inputs):
            stale.add(path)
    return stale


def made_by(jobs: Collection[str]) -> set[str]:
    """Return the artifacts that these jobs make."""
    return {path for path, artifact in smoke_plan().artifacts.items() if artifact.job in jobs}


def jobs_after(*direct: str) -> dict[str, int]:
    """Return how many jobs of each rule run when these jobs' own recipes change: they and all that reads from them."""
    return dict(Counter(map(rule_of, with_downstream(made_by(direct)))))


def stages_of(jobs: Collection[str]) -> set[str]:
    """Return the stages that hold these jobs."""
    return {smoke_plan().artifacts[path].noun for path in made_by(jobs)}


def refused(done: CompletedProcess[str], phrase: str) -> None:
    """Require that a command ended with one line that holds the phrase, and not with a traceback."""
    lines = [line for line in done.stderr.splitlines() if line.startswith("mpipipe: ")]
    assert len(lines) == 1 and phrase in lines[0], done.stdout + done.stderr
    assert done.returncode != 0 and "Traceback" not in done.stdout + done.stderr, done.stderr


def made_from_others(plan: Plan) -> set[str]:
    """Return the artifacts of a plan that the smoke plan does not hold, or makes from other settings or inputs."""
    before = smoke_plan().artifacts
    return {path for path, artifact in plan.artifacts.items() if artifact != before.get(path)}


def loading(name: str) -> set[str]:
    """Return the jobs that can load a module, by its file's name in the package."""
    return {job for job in JOBS if name in loaded_files(job)}


@cache
def classes_of_modules() -> dict[frozenset[str], list[str]]:
    """Return the package's modules by the jobs that can load them, those that no job loads too."""
    found: dict[frozenset[str], list[str]] = defaultdict(list)
    for file in sorted((ROOT / "mpipipe").rglob("*.py")):
        name = file.relative_to(ROOT / "mpipipe").as_posix()
        found[frozenset(loading(name))].append(name)
    return found


@cache
def loaded_files(job: str) -> frozenset[str]:
    """Return the package's modules that a job can load, as names such as ``physics/grid.py``.

    Python's finder and compiler say it: every import in the bytecode of what is loaded, inside functions too.
    """
    found: dict[str, str] = {}
    waiting = [f"mpipipe.cli.jobs.{job}"]
    while waiting:
        spec = _spec_of(waiting.pop())
        if spec is None or spec.name in found or not spec.origin:
            continue
        found[spec.name] = Path(spec.origin).relative_to(ROOT / "mpipipe").as_posix()
        parts = spec.name.split(".")
        waiting += [".".join(parts[:length]) for length in range(2, len(parts))]  # packages are loaded first
        waiting += _imports_of(spec.name)
    return frozenset(found.values())


@cache
def _spec_of(name: str) -> ModuleSpec | None:
    """Return where Python finds a module of the package; None for a class, a function or another package's module."""
    parts = name.split(".")
    if (
        parts[0] != "mpipipe" or len(parts) == 1
    ):  # the front door loads what a user asks for; jobs ask for nothing
        return None
    folders, spec = [str(ROOT / "mpipipe")], None
    for length in range(2, len(parts) + 1):
        spec = PathFinder.find_spec(".".join(parts[:length]), folders) if folders else None
        folders = list((spec and spec.submodule_search_locations) or [])
    return spec


@cache
def _imports_of(name: str) -> tuple[str, ...]:
    spec = _spec_of(name)
    assert spec is not None and isinstance(spec.loader, SourceFileLoader)
    code = spec.loader.get_code(name)
    assert code is not None
    return tuple(_imports(code))


def _imports(code: CodeType) -> Iterator[str]:
    module = ""
    for step in dis.get_instructions(code):
        if step.opname == "IMPORT_NAME":
            module = step.argval
            yield module
        elif step.opname == "IMPORT_FROM":
            yield f"{module}.{step.argval}"
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _imports(constant)
