"""A checkout of its own at smoke scale, run once with `dvc repro`, for the tests of the DAG and the ledger."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True)
class Checkout:
    """A project folder in which commands run."""

    path: Path
    own_code: bool = False  # import the package from this folder, and not from the installed project

    def run(self, *command: str, check: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
        variables = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"} | environment
        variables.pop("DVC_STAGE", None)
        if self.own_code:
            variables["PYTHONPATH"] = str(self.path)
        done = subprocess.run(
            command, cwd=self.path, env=variables, text=True, capture_output=True, check=False
        )
        if check and done.returncode != 0:
            raise AssertionError(
                f"{' '.join(command)} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
            )
        return done

    def git(self, *arguments: str) -> None:
        self.run("git", "-c", "user.name=test", "-c", "user.email=test@localhost", *arguments)

    def planned(self, *targets: str) -> dict[str, int]:
        """Return the number of jobs of each rule that `snakemake -n` would run; empty when nothing is to do."""
        done = self.run("snakemake", *targets, "--dry-run", "--cores", "1")
        if "Nothing to be done" in done.stdout + done.stderr:
            return {}
        table = (done.stdout + done.stderr).split("Job stats:")[-1].split("total")[0]
        counts = {rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+) *$", table, re.MULTILINE)}
        return {rule: count for rule, count in counts.items() if rule not in ("all", *targets)}

    def changed_stages(self) -> set[str]:
        """Return the stages that `dvc status` calls changed."""
        return set(re.findall(r"^(\w+):$", self.run("dvc", "status").stdout, re.MULTILINE))

    def edit(self, name: str, old: str, new: str) -> None:
        text = (self.path / name).read_text()
        assert text.count(old) == 1, f"{name} holds {old!r} {text.count(old)} times"
        (self.path / name).write_text(text.replace(old, new))

    def clone(self, target: Path, own_code: bool = False) -> "Checkout":
        self.run("git", "clone", "--quiet", str(self.path), str(target))
        return Checkout(target, own_code)


def copy_project(target: Path) -> Checkout:
    """Copy the project's own files into a new repository at smoke scale, without results and lock."""
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, text=True, capture_output=True, check=True,
    ).stdout.split("\0")  # fmt: skip
    for name in filter(None, names):
        if name.startswith(("results/", "tests/")) or name == "dvc.lock" or not (ROOT / name).is_file():
            continue
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target / name)
    checkout = Checkout(target)
    checkout.edit("params.yaml", "scale: laptop ", "scale: smoke ")
    checkout.edit(".gitignore", "/results/smoke/\n", "")
    (target / ".dvc/config.local").unlink(missing_ok=True)
    checkout.git("init", "--quiet")
    checkout.git("add", "--all")
    checkout.git("commit", "--quiet", "--message", "project")
    return checkout


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A fresh clone in which `dvc repro` built everything, committed and pushed to its local remote.

    MPIPIPE_FINISHED names a folder that keeps it: the first session of tests that needs it builds it, the others copy it.
    Work on these tests then begins at once; the folder has to be removed when the package changes. Workers of one session
    share a folder in any case.
    """
    folder = tmp_path_factory.mktemp("ledger")
    shared = (
        tmp_path_factory.getbasetemp().parent / "finished" if "PYTEST_XDIST_WORKER" in os.environ else None
    )
    kept = Path(os.environ["MPIPIPE_FINISHED"]) if "MPIPIPE_FINISHED" in os.environ else shared
    if kept is None:
        build(folder)
    else:
        with FileLock(f"{kept}.lock"):
            if not (kept / "whole").is_file():
                build(kept)
                (kept / "whole").touch()
        shutil.copytree(kept, folder, dirs_exist_ok=True, symlinks=True)
    yield Checkout(folder / "project", own_code=True)
    shutil.rmtree(folder)


# Python imports a module of this name at its start: each job tells what it loaded and opened (test_incremental_loaded.py).
WATCH = """
import atexit, json, os, sys
opened = set()
sys.addaudithook(lambda event, values: opened.add(str(values[0])) if event == "open" else None)
def tell():
    files = {getattr(module, "__file__", None) or "" for module in list(sys.modules.values())}
    with open(os.path.join(os.path.dirname(__file__), str(os.getpid()) + ".json"), "w") as stream:
        json.dump([sys.argv, sorted(name for name in files | opened if "mpipipe" in name)], stream)
if sys.argv[1:2] == ["job"]:
    atexit.register(tell)
"""


def build(folder: Path) -> Checkout:
    """Run the whole DAG at smoke scale in a fresh clone, ``project`` in a folder; what a failed one left goes first.

    What each job loads and opens is told in the folder ``watch``.
    """
    for leftover in folder.glob("*"):
        shutil.rmtree(leftover)
    checkout = copy_project(folder / "source").clone(folder / "project")
    watch = folder / "watch"
    watch.mkdir()
    (watch / "sitecustomize.py").write_text(WATCH)
    checkout.run("dvc", "repro", PYTHONPATH=str(watch))
    checkout.git("add", "--all")
    checkout.git("commit", "--quiet", "--message", "results")
    checkout.run("dvc", "push")
    return checkout


def pull(finished: Checkout, target: Path) -> Checkout:
    """Clone with the package's own code, and do the two steps of `make pull`."""
    clone = finished.clone(target, own_code=True)
    clone.run(
        "dvc", "remote", "modify", "--local", "local", "url", str(finished.path.parent / "mpipipe-artifacts")
    )
    clone.run("dvc", "pull")
    clone.run("mpipipe", "adopt")
    return clone


@pytest.fixture(scope="session")
def shared(finished: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A pulled clone for tests that leave it as they found it."""
    folder = tmp_path_factory.mktemp("shared")
    yield pull(finished, folder / "clone")
    shutil.rmtree(folder)


@pytest.fixture
def pulled(finished: Checkout, tmp_path: Path) -> Checkout:
    """A pulled clone of a test's own."""
    return pull(finished, tmp_path / "clone")
