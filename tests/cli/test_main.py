"""The command line: help with an example for each verb, and mistakes as one line with exit code 2."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mpipipe.cli.fetch import MEASURED_FILES
from mpipipe.cli.main import NOUNS, app
from mpipipe.cli.provenance import unproven
from mpipipe.storage.atomic import write_text
from mpipipe.storage.manifest import write_manifest
from mpipipe.studies.plan import NOUNS as PLANNED

VERBS = (
    *("stage", "pull", "adopt", "record", "verify", "publish", "generate", "measured", "fetch", "report"),
    *("example", "simulate", "inspect", "reconstruct", "score", "perceptual-weights"),
)
TASKS = ("denoise", "inpaint", "upsample", "complete")


def mpipipe(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).parent / "mpipipe"
    return subprocess.run([program, *arguments], cwd=cwd, text=True, capture_output=True, check=False)


@pytest.mark.parametrize("verb", [*VERBS, *(f"restore {task}" for task in TASKS)])
def test_every_verb_has_help_with_an_example(verb: str) -> None:
    done = CliRunner().invoke(app, [*verb.split(), "--help"])
    assert done.exit_code == 0 and "Example:" in done.output


def test_every_verb_is_tested() -> None:
    shown = CliRunner().invoke(app, ["--help"]).output
    found = set(re.findall(r"^│ ([a-z][a-z-]+) +\S", shown, re.MULTILINE))
    assert found == {*VERBS, "restore"}


def test_stages_are_those_of_the_plan() -> None:
    assert NOUNS == PLANNED


def test_an_unknown_stage_and_a_missing_parameter_file_are_one_line(tmp_path: Path) -> None:
    for arguments, expected in (
        (("stage", "simulat"), "stage: found 'simulat', expected one of sample"),
        (("stage", "simulate"), "params.yaml: found no file"),
        (
            ("perceptual-weights", "vgg16.pth"),
            "vgg16.pth: found no file, expected the weights of torchvision's VGG16",
        ),
    ):
        done = mpipipe(*arguments, cwd=tmp_path)
        assert done.returncode == 2 and expected in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_measured_data_that_are_absent_are_named_and_nothing_is_written(root: Path, tmp_path: Path) -> None:
    done = mpipipe("measured", "--folder", str(tmp_path / "none"), "--out", str(tmp_path / "out"), cwd=root)
    assert done.returncode == 2 and "encoding_array" in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_measured_phantoms_come_out_as_published(root: Path, tmp_path: Path, measured_dir: Path) -> None:
    """In a folder without a run, so that only what needs no trained network can be made."""
    shutil.copy(root / "params.yaml", tmp_path)
    done = mpipipe("measured", "--folder", str(measured_dir), "--out", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    written = {path.name for path in (tmp_path / "out").iterdir()}
    made = {f"{name}.{kind}" for name in ("encoding_array", "localisation") for kind in ("csv", "png", "svg")}
    assert written == {"README.md", *made}
    text = (tmp_path / "out/encoding_array.csv").read_text()
    assert "b1,0.0232" in text and "b2,0.0250" in text


def test_downloads_are_pinned_to_commits_and_checksums() -> None:
    for name, (repository, commit, path, checksum) in MEASURED_FILES.items():
        assert len(checksum) == 64 and len(commit) >= 7 and repository.count("/") == 1 and path
        assert Path(name).suffix in (".mat", ".h5")


def test_an_artifact_without_a_record_is_unproven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    artifact = Path("data/smoke/a.json")
    write_text(artifact, "{}")
    write_manifest(artifact, {"a": 1}, {})
    assert [path.name for path in unproven(Path("data/smoke"))] == ["a.json.manifest.json"]
