"""What is damaged is found by its digest, named in one line, and removed on request."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mpipipe.cli import verify as module
from mpipipe.cli.main import app
from mpipipe.cli.verify import damages, verify_run
from mpipipe.config.recipe import digest
from mpipipe.errors import InputError
from mpipipe.storage.atomic import write_text
from mpipipe.storage.manifest import manifest_path, write_manifest

Damage = Callable[[Path], object]


class TwoArtifacts:
    """A plan of two artifacts, of which the second may not be made yet."""

    def __init__(self, params: object) -> None:
        self.data = "data/smoke"
        self.params, self.artifacts = params, {"data/smoke/one.json": None, "data/smoke/two.json": None}


class Smoke:
    scale = "smoke"


@pytest.fixture
def artifact(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module, "Plan", TwoArtifacts)
    monkeypatch.setattr(module, "load_params", lambda *_: Smoke())
    path = Path("data/smoke/one.json")
    write_text(path, '{"value": 1.5}')
    write_manifest(path, {"seed": 3, "width": 0.25}, {"peak": 0.125, "shape": [2, 3], "rows": {1: "a"}})
    return path


def flip(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


def reseal(artifact: Path, **changes: object) -> None:
    """Write a manifest without a seal, with some fields changed."""
    path = manifest_path(artifact)
    fields = json.loads(path.read_text()) | changes
    del fields["seal"]
    path.write_text(json.dumps(fields))


DAMAGES: dict[str, tuple[Damage, str]] = {
    "content": (lambda a: flip(a, "1.5", "1.6"), "one.json: found content"),
    "truncated": (lambda a: a.write_bytes(a.read_bytes()[:-1]), "one.json: found content"),
    "gone": (lambda a: a.unlink(), "one.json: found nothing"),
    "no manifest": (lambda a: manifest_path(a).unlink(), "manifest.json: found no manifest"),
    "no JSON": (lambda a: flip(manifest_path(a), '"content"', '"content'), "found invalid json"),
    "no text": (lambda a: manifest_path(a).write_bytes(b"\xff\xfe\x00{"), "expected a manifest"),
    "empty": (lambda a: manifest_path(a).write_bytes(b""), "found invalid json"),
    "description": (lambda a: flip(manifest_path(a), "0.125", "0.126"), "found another content than its seal"),
    "recipe": (lambda a: flip(manifest_path(a), "0.25", "0.26"), "found another content than its seal"),
    "unsealed recipe": (lambda a: reseal(a, recipe={"seed": 4}), "found another recipe than its provenance"),
    "unsealed digest": (lambda a: reseal(a, content="0" * 64), "expected 000000000000"),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_one_line_that_names_the_file_and_the_rebuild_removes_it(
    artifact: Path, damage: str
) -> None:
    hurt, expected = DAMAGES[damage]
    assert list(damages([artifact])) == []
    hurt(artifact)
    ((path, line),) = damages([artifact])
    assert path == artifact and expected in line and str(artifact) in line and "\n" not in line
    with pytest.raises(
        InputError, match=r"1 of 2 artifacts are here, found 1 damaged .*mpipipe verify --rebuild"
    ):
        verify_run(Path("params.yaml"), None, rebuild=False)
    verify_run(Path("params.yaml"), None, rebuild=True)
    assert list(Path("data/smoke").iterdir()) == []


def test_each_damaged_artifact_is_a_line_and_whole_ones_stay(
    artifact: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = artifact.with_name("two.json")
    write_text(other, "{}")
    write_manifest(other, {"seed": 4}, {})
    flip(artifact, "1.5", "1.6")
    verify_run(Path("params.yaml"), None, rebuild=True)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 and lines[0].startswith("data/smoke/one.json: found content")
    assert lines[1].startswith("2 of 2 artifacts are here, 1 whole, 1 removed")
    assert sorted(p.name for p in other.parent.iterdir()) == ["two.json", "two.json.manifest.json"]


def test_a_manifest_without_a_seal_is_read(artifact: Path) -> None:
    reseal(artifact, provenance=digest({"seed": 3, "width": 0.25}))
    assert list(damages([artifact])) == []


def test_nothing_is_removed_while_a_run_is_at_work(artifact: Path) -> None:
    flip(artifact, "1.5", "1.6")
    write_text(Path(".snakemake/locks/0.input.lock"), "")
    with pytest.raises(InputError, match=r"\.snakemake/locks/.*found Snakemake's lock"):
        verify_run(Path("params.yaml"), None, rebuild=True)
    assert artifact.exists()


def test_the_run_of_another_scale_lies_in_its_own_folder(
    artifact: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def at_scale(_: Path, scale: str | None = None) -> Smoke:
        params = Smoke()
        params.scale = scale or "laptop"
        return params

    monkeypatch.setattr(module, "load_params", at_scale)
    with pytest.raises(InputError, match=r"^runs/smoke: found no folder"):
        verify_run(Path("params.yaml"), "smoke", rebuild=False)
    Path("runs/smoke").mkdir(parents=True)
    Path("data").rename("runs/smoke/data")
    verify_run(Path("params.yaml"), "smoke", rebuild=False)
    assert capsys.readouterr().out.startswith("1 of 2 artifacts are here, 1 whole")


def test_the_verb_has_help_with_an_example() -> None:
    done = CliRunner().invoke(app, ["verify", "--help"])
    assert done.exit_code == 0 and "Example:" in done.output
