"""Damaged artifacts of a finished run: found by the digest, named in one line, and made again on request."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.workflow.conftest import Checkout
from tests.workflow.faults import build, is_refused, jobs_of, manifest, mounted, small_project

pytestmark = pytest.mark.slow
LINES = "data/smoke/scene/inversion/lines.zarr"
WEIGHTS = "data/smoke/train/inversion/d40-n100/single-layer-sgd-feature-scale.safetensors"


@pytest.fixture(scope="module")
def project(module_path: Path) -> Checkout:
    """A small run: scenes in Zarr, weights that were trained on them."""
    checkout = small_project(module_path / "project")
    checkout.run(*build(LINES, WEIGHTS))
    return checkout


@pytest.fixture
def undamaged(project: Checkout) -> dict[Path, bytes]:
    """The bytes of all artifacts."""
    files = [
        p for p in (project.path / "data").rglob("*") if p.is_file() and not p.name.startswith(".snakemake")
    ]
    return {path: path.read_bytes() for path in files}


def flip(path: Path) -> None:
    """Change one bit of the byte in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    """Lose the second half of a file."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def chunk(artifact: Path) -> Path:
    """Return the largest chunk or shard of a Zarr group."""
    return max((p for p in artifact.rglob("c/**/*") if p.is_file()), key=lambda p: p.stat().st_size)


@pytest.mark.parametrize(
    ("artifact", "file", "hurt"),
    [
        (LINES, chunk, flip),
        (LINES, chunk, cut),
        (WEIGHTS, lambda weights: weights, flip),
        (WEIGHTS, lambda weights: weights.with_name(f"{weights.name}.manifest.json"), flip),
        (WEIGHTS, lambda weights: weights.with_name(f"{weights.name}.manifest.json"), cut),
    ],
    ids=["chunk", "truncated shard", "weights", "manifest", "truncated manifest"],
)
def test_damage_is_named_and_only_what_is_damaged_is_made_again(
    project: Checkout,
    undamaged: dict[Path, bytes],
    artifact: str,
    file: Callable[[Path], Path],
    hurt: Callable[[Path], None],
) -> None:
    hurt(file(project.path / artifact))
    found = project.run("mpipipe", "verify", check=False)
    is_refused(found, artifact)
    assert found.returncode == 2 and len(found.stdout.splitlines()) == 1 and "found 1 damaged" in found.stderr
    rebuilt = project.run("mpipipe", "verify", "--rebuild")
    assert rebuilt.stdout.splitlines()[0] == found.stdout.strip()
    assert "1 removed (above): the next run makes them again" in rebuilt.stdout
    assert not (project.path / artifact).exists() and not (project.path / manifest(artifact)).exists()
    assert jobs_of(project.run(*build(artifact))) == {"scene" if artifact == LINES else "train": 1}
    assert project.planned(LINES, WEIGHTS) == {}
    for path, content in undamaged.items():
        if path.name != Path(manifest(WEIGHTS)).name:  # it holds the time that the training took
            assert path.read_bytes() == content, path


def test_no_job_reads_a_damaged_chunk(project: Checkout, undamaged: dict[Path, bytes]) -> None:
    broken = chunk(project.path / LINES)
    flip(broken)
    done = project.run(*build(WEIGHTS), "--forcerun", WEIGHTS, check=False)
    is_refused(done, f"mpipipe: {LINES}: found content")
    assert "mpipipe verify --rebuild" in done.stdout + done.stderr
    assert not (project.path / WEIGHTS).exists()
    flip(broken)
    assert jobs_of(project.run(*build(WEIGHTS))) == {"train": 1}


def test_no_run_starts_beside_a_damaged_manifest(project: Checkout, undamaged: dict[Path, bytes]) -> None:
    broken = project.path / manifest(LINES)
    whole = broken.read_bytes()
    for hurt in (flip, cut):
        hurt(broken)
        is_refused(project.run("snakemake", "--dry-run", check=False), f"mpipipe: {manifest(LINES)}: ")
        broken.write_bytes(whole)
    assert project.planned(LINES, WEIGHTS) == {}


def test_folders_that_cannot_be_written_are_one_line_before_anything_is_touched(
    project: Checkout, undamaged: dict[Path, bytes]
) -> None:
    folder = project.path / "data/smoke/train"
    with mounted(folder, "--bind", "-o", "ro", str(folder)):
        done = project.run(*build(LINES, WEIGHTS), "--forceall", check=False)
        is_refused(
            done, "Write-protected output files for rule train:"
        )  # Snakemake's words for files that are there
        assert project.planned(LINES, WEIGHTS) == {}
    assert all(path.read_bytes() == content for path, content in undamaged.items())
    (project.path / WEIGHTS).unlink()
    (project.path / manifest(WEIGHTS)).unlink()
    with mounted(folder, "--bind", "-o", "ro", str(folder)):
        done = project.run(*build(LINES, WEIGHTS), check=False)
        is_refused(
            done, "mpipipe: data/smoke/train/inversion/d40-n100: found a folder that cannot be written"
        )
    assert jobs_of(project.run(*build(LINES, WEIGHTS))) == {"train": 1}
    assert (project.path / WEIGHTS).read_bytes() == undamaged[project.path / WEIGHTS]
