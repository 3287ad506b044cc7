"""The job that draws the reconstruction study: every table and figure of the plan, from the artifacts that it is given."""

import json
from pathlib import Path

import pytest

from mpipipe.cli.jobs.reconstruction_figures import Recipe, run
from mpipipe.config.reconstruction import ReconstructionConfig
from mpipipe.storage.arrays import write_arrays
from mpipipe.storage.atomic import write_bytes
from mpipipe.storage.manifest import write_manifest
from mpipipe.storage.tables import write_json, write_table
from mpipipe.studies.reconstruction_plan import TABLE_NAMES
from tests.studies import reconstruction_inputs as given

FIGURES = (
    "digits",
    "calibrations",
    "fixed_snr_images",
    "snr_sweep_images",
    "snr_sweep_curves",
    "training",
    "phantoms_openmpi",
    "phantoms_inhouse",
)


@pytest.fixture(scope="module")
def results(module_path: Path) -> Path:
    folder = module_path
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        inputs = _artifacts(Path("data/smoke"))
        recipe = {
            "noun": "figures",
            "scale": "smoke",
            "code": "0",
            "seed": 7,
            "inputs": dict.fromkeys(inputs, "0"),
            "study": "reconstruction",
            "figures": {"dpi": 50, "example_components": 1},
            "reconstruction": ReconstructionConfig().model_dump(mode="json"),
        }
        # A recipe is canonical JSON, with its keys and inputs sorted.
        run(
            Recipe.model_validate_json(json.dumps(recipe, sort_keys=True)),
            Path("results/smoke/reconstruction/entries.json"),
        )
    return folder / "results/smoke/reconstruction"


def _artifacts(data: Path) -> list[str]:
    found = []

    def finish(
        path: Path, recipe: dict[str, object] | None = None, described: dict[str, object] | None = None
    ) -> None:
        write_manifest(path, recipe or {}, described or {})
        found.append(str(path))

    study = "reconstruction"
    write_table(path := data / f"evaluate/{study}/metrics.parquet", given.records())
    finish(path)
    write_table(path := data / f"evaluate/{study}/timing.parquet", given.records())
    finish(path, described=given.timing_description())
    write_arrays(path := data / f"evaluate/{study}/openmpi/examples.zarr", *given.examples(2))
    finish(path)
    for name in given.GRIDS:
        write_arrays(path := data / f"reconstruct/{study}/{name}.zarr", *given.phantom_images(name))
        finish(path)
        write_arrays(path := data / f"scene/{study}/calibration-{name}.zarr", *given.calibration(name))
        finish(path)
        for method in given.METHODS[:6]:
            write_json(path := data / f"baseline/{study}/{name}/{method.lower()}.json", given.tuned(method))
            finish(path)
        for method in ("DERnet", "ADMM-Net", "PP-MPI"):
            path = data / f"train/{study}/{name}/{method.lower()}-0.safetensors"
            write_bytes(path, b"weights")
            named = {"calibration": name, "method": method, "repeat": 0}
            finish(path, named, {"card": given.card(method)})
    write_arrays(path := data / f"scene/{study}/digits-openmpi.zarr", given.digits(), {})
    finish(path)
    return found


def test_every_file_of_the_plan_is_written(results: Path) -> None:
    found = {str(path.relative_to(results)) for path in results.rglob("*") if path.is_file()}
    assert found == {
        *(f"tables/{name}.{kind}" for name in TABLE_NAMES for kind in ("csv", "md")),
        *(f"figures/{name}.{kind}" for name in FIGURES for kind in ("png", "svg")),
        "entries.json",
        "entries.json.manifest.json",
    }


def test_the_page_has_tables_then_figures_of_one_recipe(results: Path) -> None:
    entries = json.loads((results / "entries.json").read_text())["entries"]
    assert [entry["name"] for entry in entries] == [*TABLE_NAMES, *FIGURES]
    assert {entry["study"] for entry in entries} == {"reconstruction"}
    (digest,) = {entry["digest"] for entry in entries}
    assert all(digest in entry["caption"] for entry in entries)
    assert len({entry["title"] for entry in entries}) == len(entries)


def test_calibrations_and_methods_stand_in_the_order_of_the_paper(results: Path) -> None:
    rows = (results / "tables/training.csv").read_text().splitlines()[1:]
    assert [row.split(",")[:2] for row in rows] == [
        [name, method] for name in given.GRIDS for method in ("PP-MPI", "ADMM-Net", "DERnet")
    ]
    rows = (results / "tables/parameters.csv").read_text().splitlines()[1:]
    assert rows[0].startswith("openmpi,20,ART,") and rows[-1].startswith("inhouse,35,DIP,")
    assert len(rows) == 2 * 4 * 6
