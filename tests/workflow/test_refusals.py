"""`mpipipe pull`, `adopt` and `record` refuse what is not proven: one line, exit code 2, nothing written."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.workflow.conftest import Checkout
from tests.workflow.expected import refused

TUNED = Path("data/smoke/baseline/restoration/denoising_2d/dct-f.json")
MANIFEST = TUNED.with_name(TUNED.name + ".manifest.json")
TABLE = Path("results/smoke/restoration/entries.json")
PARAMS, LEDGER, NETWORK = Path("params.yaml"), Path("dvc.lock"), Path("mpipipe/networks/dncnn.py")
VERBS = ("pull", "adopt", "record")
MULTIPLIER = ("fixed_multiplier: 3", "fixed_multiplier: 2.5")


def written(checkout: Checkout) -> dict[str, bytes]:
    """Return the content of what a verb would write: the ledger and Snakemake's records."""
    records = sorted((checkout.path / ".snakemake/metadata").rglob("*"))
    files = [checkout.path / LEDGER, *(path for path in records if path.is_file())]
    return {str(path): path.read_bytes() for path in files}


@contextmanager
def put_back(checkout: Checkout, *names: Path) -> Iterator[None]:
    """Put files back afterwards as they were, or remove those that were not there."""
    kept = {name: (checkout.path / name).read_bytes() for name in names if (checkout.path / name).exists()}
    try:
        yield
    finally:
        for name in names:
            (checkout.path / name).unlink(missing_ok=True)
            if name in kept:
                (checkout.path / name).write_bytes(kept[name])


def replace(name: Path, old: str, new: str) -> Callable[[Checkout], None]:
    return lambda checkout: checkout.edit(str(name), old, new)


def append(name: Path) -> Callable[[Checkout], None]:
    def change(checkout: Checkout) -> None:
        with (checkout.path / name).open("a") as stream:
            stream.write("\n")

    return change


def delete(name: Path) -> Callable[[Checkout], None]:
    return lambda checkout: (checkout.path / name).unlink()


def take_the_manifest_of(other: str) -> Callable[[Checkout], None]:
    """A manifest that is whole, but of another artifact."""
    return lambda checkout: shutil.copy(checkout.path / MANIFEST.parent / other, checkout.path / MANIFEST)  # type: ignore[return-value]


def lock_by_hand(change: Callable[[Checkout], None]) -> Callable[[Checkout], None]:
    """A change that somebody forced into the ledger."""

    def both(checkout: Checkout) -> None:
        change(checkout)
        checkout.run("dvc", "commit", "--force")

    return both


def touch(name: Path) -> Callable[[Checkout], None]:
    def change(checkout: Checkout) -> None:
        (checkout.path / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout.path / name).touch()

    return change


LOCK = Path(".snakemake/locks/0.input.lock")
# How the checkout is spoilt: the files that this touches, the change, and the verbs' reasons.
WAYS: dict[str, tuple[tuple[Path, ...], Callable[[Checkout], None], dict[str, str]]] = {
    "edited parameters": (
        (PARAMS,),
        replace(PARAMS, *MULTIPLIER),
        {"pull": "params.yaml baseline", "adopt": "params.yaml baseline", "record": "found jobs to run"},
    ),
    "edited code": (
        (NETWORK,),
        append(NETWORK),
        {"pull": f"{NETWORK} modified", "adopt": f"{NETWORK} modified", "record": "found jobs to run"},
    ),
    "another scale": (
        (PARAMS,),
        replace(PARAMS, "scale: smoke ", "scale: laptop "),
        {"pull": "params.yaml scale", "adopt": "params.yaml scale", "record": "found jobs to run"},
    ),
    "changed bytes": (
        (TUNED,),
        append(TUNED),
        {"pull": "dvc pull: ", "adopt": "data/smoke/baseline modified", "record": f"{TUNED}: found content"},
    ),
    "changed bytes that were locked by hand": (
        (TUNED, LEDGER),
        lock_by_hand(append(TUNED)),
        dict.fromkeys(VERBS, f"{TUNED}: found content"),
    ),
    "changed results": (
        (TABLE,),
        append(TABLE),
        {"adopt": f"{TABLE} modified", "record": f"{TABLE}: found content"},
    ),
    "missing artifact": (
        (TUNED,),
        delete(TUNED),
        {"adopt": "data/smoke/baseline modified", "record": f"{TUNED}: found nothing"},
    ),
    "missing manifest": (
        (MANIFEST,),
        delete(MANIFEST),
        {"adopt": "data/smoke/baseline modified", "record": "found"},
    ),
    "foreign manifest": (
        (MANIFEST,),
        take_the_manifest_of("dct-f-multiplier-3.json.manifest.json"),
        {"adopt": "data/smoke/baseline modified", "record": "that no run here recorded"},
    ),
    "foreign manifest that was locked by hand": (
        (MANIFEST, LEDGER),
        lock_by_hand(take_the_manifest_of("dct-f-multiplier-3.json.manifest.json")),
        {"pull": f"{TUNED}: found", "adopt": f"{TUNED}: found", "record": "that no run here recorded"},
    ),
    "parameters that were locked by hand": (
        (PARAMS, LEDGER),
        lock_by_hand(replace(PARAMS, *MULTIPLIER)),
        {"pull": "found provenance", "adopt": "found provenance", "record": "found jobs to run"},
    ),
    "a run in progress": (
        (LOCK,),
        touch(LOCK),
        dict.fromkeys(VERBS, f"{LOCK}: found Snakemake's lock"),
    ),
}
QUICK = {"edited parameters", "changed bytes", "a run in progress"}


@pytest.mark.parametrize(
    "way", [pytest.param(way, marks=[] if way in QUICK else [pytest.mark.slow]) for way in WAYS]
)
def test_what_is_not_proven_is_refused_with_its_reason(shared: Checkout, way: str) -> None:
    names, change, reasons = WAYS[way]
    with put_back(shared, *names):
        change(shared)
        before = written(shared)
        for verb, phrase in reasons.items():
            done = shared.run("mpipipe", verb, check=False)
            refused(done, phrase)
            assert done.returncode == 2 and len(done.stderr.splitlines()) == 1, done.stderr
            assert written(shared) == before, verb
    assert shared.planned() == {} and shared.changed_stages() == set()


def test_a_pull_that_cannot_fetch_says_why_and_adopts_nothing(finished: Checkout, tmp_path: Path) -> None:
    clone = finished.clone(tmp_path / "clone", own_code=True)
    clone.run("dvc", "remote", "modify", "--local", "local", "url", str(tmp_path / "nowhere"))
    done = clone.run("mpipipe", "pull", check=False)
    refused(done, "dvc pull: found exit status")
    assert done.returncode == 2 and not (clone.path / ".snakemake/metadata").exists()


@pytest.mark.slow
def test_an_interrupted_run_cannot_be_recorded(pulled: Checkout) -> None:
    """Snakemake marks an output as incomplete until its job has ended; a kill leaves the mark."""
    pulled.run("mpipipe", "record")
    marker = pulled.path / ".snakemake/incomplete" / marker_of(MANIFEST)
    marker.parent.mkdir(exist_ok=True)
    marker.touch()
    before = written(pulled)
    done = pulled.run("mpipipe", "record", check=False)
    refused(done, "found jobs to run")
    assert done.returncode == 2 and written(pulled) == before


def marker_of(name: Path) -> str:
    from base64 import urlsafe_b64encode

    return urlsafe_b64encode(str(name).encode()).decode()


def test_pull_takes_over_what_is_missing(finished: Checkout, tmp_path: Path) -> None:
    """A clone, a deleted artifact, and a pull that was cut off: each ends with nothing to do."""
    clone = finished.clone(tmp_path / "clone", own_code=True)
    remote = finished.path.parent / "mpipipe-artifacts"
    clone.run("dvc", "remote", "modify", "--local", "local", "url", str(remote))
    clone.run("mpipipe", "pull")
    assert clone.planned() == {} and clone.changed_stages() == set()
    (clone.path / TUNED).unlink()
    shutil.rmtree(clone.path / "data/smoke/train")
    (clone.path / TABLE).unlink()
    clone.git("checkout", "--quiet", ".")
    clone.run("mpipipe", "pull")
    assert clone.planned() == {} and clone.changed_stages() == set()
