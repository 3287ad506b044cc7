"""Snakemake and DVC over one DAG: incremental, and never a stale artifact (docs/workflow.md)."""

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.workflow.conftest import Checkout, copy_project
from tests.workflow.expected import jobs_after, rule_of, smoke_plan

STUDIES = ("restoration", "reconstruction", "deblurring", "signal_denoising", "inversion")
PAGES = {**{f"figures_{study}": 1 for study in STUDIES}, "gallery": 1}


def refused(done: "object", phrase: str) -> None:
    text = done.stdout + done.stderr  # type: ignore[attr-defined]
    assert done.returncode != 0 and phrase in text and "Traceback" not in text, text  # type: ignore[attr-defined]


def test_after_a_run_nothing_is_to_do_in_either_tool(finished: Checkout) -> None:
    assert finished.planned() == {}
    assert finished.changed_stages() == set()
    assert "up to date" in finished.run("dvc", "repro").stdout


def test_a_fresh_clone_without_pull_builds_everything(finished: Checkout, tmp_path: Path) -> None:
    planned = finished.clone(tmp_path / "clone").planned()
    every = Counter(map(rule_of, smoke_plan().artifacts))
    assert planned == dict(every) and {"train", "baseline", "scene", "robustness"} <= set(every)


def test_a_clone_with_pull_has_nothing_to_do(shared: Checkout) -> None:
    assert shared.planned() == {}
    assert shared.changed_stages() == set()


def edit_params(old: str, new: str) -> Callable[[Checkout], None]:
    return lambda checkout: checkout.edit("params.yaml", old, new)


def append(name: str) -> Callable[[Checkout], None]:
    def change(checkout: Checkout) -> None:
        with (checkout.path / name).open("a") as stream:
            stream.write("\n# an edit\n")

    return change


@pytest.mark.parametrize(
    ("change", "jobs", "stages"),
    [
        (edit_params("dpi: 100", "dpi: 101"), PAGES, {"figures"}),
        (
            edit_params("fixed_multiplier: 3", "fixed_multiplier: 2.5"),
            jobs_after("baseline"),
            {"baseline"},
        ),
        (
            append("mpipipe/networks/dncnn.py"),
            jobs_after(
                "train",
                "train_reconstructor",
                "train_deblurrer",
                "train_signal_denoiser",
                "evaluate",
                "examples",
                "reconstruct",
                "robustness",
            ),
            {"train", "evaluate", "reconstruct"},
        ),
        (
            append("mpipipe/physics/system_function.py"),
            jobs_after("simulate", "scene", "calibration", "phantom", "robustness"),
            {"simulate", "scene", "evaluate", "figures"},
        ),
        (append("mpipipe/evaluation/gallery.py"), PAGES, {"figures"}),
        (append("docs/workflow.md"), {}, set()),
    ],
    ids=["dpi", "multiplier", "network", "physics", "gallery", "docs"],
)
def test_one_edit_gives_the_exact_job_list_in_both_tools_and_undo_gives_none(
    shared: Checkout, change: Callable[[Checkout], None], jobs: dict[str, int], stages: set[str]
) -> None:
    change(shared)
    try:
        assert shared.planned() == jobs
        assert shared.changed_stages() == stages
    finally:
        shared.git("checkout", "--quiet", ".")
    assert shared.planned() == {}


def test_after_all_undone_edits_nothing_is_to_do_in_either_tool(shared: Checkout) -> None:
    assert shared.planned() == {} and shared.changed_stages() == set()


def test_runs_after_edits_are_recorded_whichever_tool_ran_them(pulled: Checkout) -> None:
    pulled.edit("params.yaml", "dpi: 100", "dpi: 101")
    done = pulled.run("dvc", "repro")
    ran = [line.split("'")[1] for line in done.stdout.splitlines() if line.startswith("Running stage")]
    assert ran == ["figures"]
    assert pulled.planned() == {} and pulled.changed_stages() == set()
    pulled.edit("params.yaml", "dpi: 101", "dpi: 102")
    refused(pulled.run("mpipipe", "record", check=False), "found jobs to run")
    pulled.run("snakemake", "--cores", "2", "--quiet", "all")
    pulled.run("mpipipe", "record")
    assert pulled.planned() == {} and pulled.changed_stages() == set()
    artifact = pulled.path / "data/smoke/baseline/restoration/denoising_2d/dct-f.json.manifest.json"
    artifact.write_text(artifact.read_text().replace('"provenance": "', '"provenance": "0'))
    refused(
        pulled.run("snakemake", "--dry-run", check=False),
        "dct-f.json.manifest.json: found another content than its seal",
    )


def test_a_plain_pull_and_an_edit_are_refused_by_both_tools_and_nothing_is_locked(
    finished: Checkout, tmp_path: Path
) -> None:
    clone = finished.clone(tmp_path / "clone")
    clone.run(
        "dvc", "remote", "modify", "--local", "local", "url", str(finished.path.parent / "mpipipe-artifacts")
    )
    clone.run("dvc", "pull")
    clone.edit("params.yaml", "dpi: 100", "dpi: 101")
    lock = (clone.path / "dvc.lock").read_bytes()
    refused(clone.run("snakemake", "--cores", "1", check=False), "that no run here recorded")
    refused(clone.run("dvc", "repro", check=False), "that no run here recorded")
    refused(clone.run("mpipipe", "adopt", check=False), "dvc status: found changes")
    assert (clone.path / "dvc.lock").read_bytes() == lock
    clone.git("checkout", "--quiet", "params.yaml")
    clone.run("mpipipe", "adopt")
    assert clone.planned() == {}


def test_a_missing_part_is_made_again_and_a_truncated_one_is_named(pulled: Checkout) -> None:
    part = pulled.path / "data/smoke/simulate/lissajous_2d/val-000.zarr"
    shutil.rmtree(part)
    assert pulled.planned("stage_simulate") == {"simulate": 1}
    pulled.run("dvc", "checkout")
    shard = next(part.rglob("c/0/0/0"))
    content = shard.read_bytes()
    shard.unlink()
    shard.write_bytes(content[:-100])
    tuned = pulled.path / "data/smoke/baseline/restoration/denoising_2d/dct-f.json"
    tuned.unlink()
    done = pulled.run("snakemake", "stage_baseline", "--cores", "1", check=False)
    refused(done, "val-000.zarr: found content")
    assert not tuned.exists()


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("dpi: 100", "dip: 100", "figures.dip: found an unknown key, expected 'dpi'?"),
        ("keep_above: 1.0e-4", "keep_above: 4", "simulate.keep_above: found 4"),
        (
            "core_diameter_nm: [15, 25]",
            "core_diameter_nm: [15.0e-9, 25.0e-9]",
            "expected values between 1 and 100 nm",
        ),
    ],
    ids=["unknown", "range", "unit"],
)
def test_a_mistake_in_params_is_one_line_and_nothing_is_written(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    checkout = copy_project(tmp_path / "project")
    checkout.edit("params.yaml", old, new)
    for command in (("snakemake", "--cores", "1"), ("mpipipe", "stage", "sample")):
        done = checkout.run(*command, check=False)
        assert done.returncode == 2 and expected in done.stderr, done.stderr
        assert len([line for line in done.stderr.splitlines() if "mpipipe:" in line]) == 1
        assert "Traceback" not in done.stderr
    assert not (checkout.path / "data").exists() and not (checkout.path / "results").exists()


def test_the_same_seed_gives_the_same_bytes(finished: Checkout, tmp_path: Path) -> None:
    again = finished.clone(tmp_path / "clone")
    again.run("snakemake", "stage_simulate", "stage_background", "stage_baseline", "--cores", "2")
    for noun in ("sample", "simulate", "background", "baseline"):
        for manifest in sorted((again.path / "data/smoke" / noun).rglob("*.manifest.json")):
            other = finished.path / manifest.relative_to(again.path)
            assert manifest.read_bytes() == other.read_bytes(), manifest.name


def test_another_scale_in_a_directory_of_its_own_leaves_the_ledger_alone(shared: Checkout) -> None:
    other = ("--cores", "1", "--directory", "runs/laptop", "--config", "scale=laptop")
    shared.run("snakemake", "stage_sample", *other)
    assert (shared.path / "runs/laptop/data/laptop/sample/lissajous_2d.parquet").is_file()
    assert not (shared.path / "data/laptop").exists()
    assert shared.planned() == {} and shared.changed_stages() == set()


def test_generated_files_are_in_step(root: Path, finished: Checkout) -> None:
    finished.run("mpipipe", "generate", "--check")


def test_the_ledger_owns_every_artifact_of_the_plan(finished: Checkout) -> None:
    status = finished.run("dvc", "list", "--dvc-only", "--recursive", ".").stdout
    on_disk = [
        p.relative_to(finished.path).as_posix() for p in (finished.path / "data").rglob("*.manifest.json")
    ]
    assert on_disk and set(on_disk) <= set(status.splitlines())


def test_snakemake_lint_is_clean(root: Path, finished: Checkout) -> None:
    done = finished.run("snakemake", "--lint", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
