"""The plan: what depends on what."""

import importlib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from mpipipe.config.params import Params, resolve
from mpipipe.config.recipe import digest
from mpipipe.errors import InputError
from mpipipe.evaluation.vocabulary import METHODS
from mpipipe.studies.names import slug
from mpipipe.studies.plan import NOUNS, SECTIONS, Plan


@pytest.fixture
def raw(root: Path) -> dict[str, Any]:
    return yaml.safe_load((root / "params.yaml").read_text())


def changed(raw: dict[str, Any], **scale_overrides: Any) -> set[str]:
    before = Plan(resolve(raw))
    edited = json.loads(json.dumps(raw))
    for section, value in scale_overrides.items():
        edited[section] = {**edited[section], **value} if isinstance(value, dict) else value
    after = Plan(resolve(edited))
    return {path for path in before.artifacts if before.provenance(path) != after.provenance(path)}


def merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    both = {key: isinstance(value, dict) and isinstance(base.get(key), dict) for key, value in over.items()}
    return base | {key: merged(base[key], value) if both[key] else value for key, value in over.items()}


def nouns(plan: Plan, paths: set[str]) -> set[str]:
    return {plan.artifacts[path].noun for path in paths}


def test_every_input_is_an_artifact_and_comes_before(raw: dict[str, Any]) -> None:
    plan = Plan(resolve(raw))
    seen: set[str] = set()
    for path, artifact in plan.artifacts.items():
        assert set(artifact.inputs) <= seen, path
        seen.add(path)
    assert {artifact.noun for artifact in plan.artifacts.values()} == set(NOUNS)


def test_an_edit_reaches_exactly_what_lies_downstream(raw: dict[str, Any]) -> None:
    plan = Plan(resolve(raw))
    assert nouns(plan, changed(raw, figures={"dpi": 99})) == {"figures"}
    assert nouns(plan, changed(raw, baseline={"fixed_multiplier": 2})) == {
        "baseline",
        "evaluate",
        "reconstruct",
        "figures",
    }
    assert nouns(plan, changed(raw, background={"jump_level": 0.1})) == set(NOUNS) - {
        "sample",
        "simulate",
    }
    assert nouns(plan, changed(raw, simulate={"keep_above": 2e-4})) == set(NOUNS) - {"sample", "background"}
    assert changed(raw, seed=raw["seed"] + 1) == set(plan.artifacts)
    assert changed(raw, measured_dir="elsewhere") == set()


@pytest.mark.parametrize(
    ("edit", "first"),
    [
        ({"digits": {"canvas": 30}}, {"scene", "train", "baseline", "evaluate", "reconstruct", "figures"}),
        ({"search": {"art_regularization": [0.1]}}, {"baseline", "evaluate", "reconstruct", "figures"}),
        ({"images": {"test": 7}}, {"scene", "train", "baseline", "evaluate", "reconstruct", "figures"}),
        ({"timing": {"repeats": 9}}, {"evaluate", "figures"}),
    ],
)
def test_an_edit_of_one_study_leaves_the_other(
    raw: dict[str, Any], edit: dict[str, Any], first: set[str]
) -> None:
    plan = Plan(resolve(raw))
    raw["scales"] = {**raw["scales"], "laptop": {**raw["scales"]["laptop"], "reconstruction": {}}}
    before = Plan(resolve(raw))
    after = Plan(resolve({**raw, "reconstruction": merged(raw["reconstruction"], edit)}))
    touched = {path for path in before.artifacts if before.provenance(path) != after.provenance(path)}
    assert nouns(plan, touched) == first
    assert all("/reconstruction/" in path or path.endswith("index.html") for path in touched)


def test_an_edit_of_another_scale_changes_nothing(raw: dict[str, Any]) -> None:
    other = json.loads(json.dumps(raw["scales"]))
    other["paper"]["sample"]["ensembles"]["lissajous_2d"]["train"] = 999
    assert changed(raw, scales=other) == set()


@pytest.mark.parametrize("noun", NOUNS)
def test_the_ledger_tracks_every_section_that_a_stage_uses(raw: dict[str, Any], noun: str) -> None:
    """An edit of a section that a stage's own recipes hold must be one of the stage's DVC params."""
    plan = Plan(resolve(raw))
    own = {path: {**json.loads(plan.recipe(path)), "inputs": 0} for path in plan.targets(noun)}
    values = {
        "figures": {"dpi": 99}, "evaluate": {"size_bin_edges": [12, 20, 30]}, "simulate": {"keep_above": 2e-4, "oversampling": 2},
        "background": {"jump_level": 0.1}, "baseline": {"fixed_multiplier": 2},
        "sample": {"calibration": {"grid_size": [12, 29]}},
        "train": {"inpainting": {"PConvUNet": {**raw["train"]["inpainting"]["PConvUNet"], "batch": 3}}},
        "reconstruct": {"regularizations": [1.0]}, "restoration": {"robustness": {"sigma": 0.2}},
        "scene": {"snake": {**raw["scene"]["snake"], "matrix_noise": 0.01}},
        "reconstruction": {"digits": {"canvas": 30}, "timing": {"repeats": 9}, "solvers": {"admm": {"iterations": 9}},
                           "phantoms": {"shape": {"snr_db": 10}}, "training": {"DERnet": {"seed": 9}}},
        "deblurring": {"acquisition": {"refinement": 3}, "windows": {"tuning": 3}, "repeats": 9,
                       "training": {"Network": {"seed": 9}}},
        "signal_denoising": {"gridding": {"radius_factor": 5}, "matrix": {"harmonics": [3]}, "examples": 3,
                             "problems": {"gaussian": {"noise": {"snr_db": 6}}},
                             "search": {"wiener": {"noise_factor": [1]}}},
        "inversion": {"scenes": {"test": 900}, "snr_db": [25], "shown_units": [123], "search": {"rank": [5]},
                      "training": {"SGD": {"Single-layer": {"epochs": 3}}}},
    }  # fmt: skip
    for section, value in values.items():
        edited = Plan(resolve({**raw, section: merged(raw[section], value)}))
        after = {path: {**json.loads(edited.recipe(path)), "inputs": 0} for path in edited.targets(noun)}
        if after != own:
            assert section in SECTIONS[noun], f"{noun} uses {section}"


def test_parts_cover_a_split(raw: dict[str, Any]) -> None:
    params: Params = resolve(raw)
    plan = Plan(params)
    rows = [json.loads(plan.recipe(path))["rows"] for path in plan.ensembles.parts("lissajous_2d", "test")]
    covered = [row for start, stop in rows for row in range(start, stop)]
    assert covered == list(range(params.sample.ensembles["lissajous_2d"].test))


@pytest.mark.parametrize(
    ("edit", "stems"),
    [
        ({"training": {"Network": {"learning_rate": 0.1}}}, {"network-0"}),
        ({"scene": {"widening": 2.0}}, {"scene-train", "scene-val", "scene-test", "scene-retina"}),
        ({"test_snr": [7]}, {"phantoms", "gridding", "wiener", "richardson-lucy", "tv", "network-0",
                              "network-retinal-scene-0", "network-data-consistency-0"}),
        ({"shown_snr": 20}, {"phantoms", "entries"}),
    ],
)  # fmt: skip
def test_an_edit_of_the_deblurring_study_reruns_its_own_jobs(
    raw: dict[str, Any], edit: dict[str, Any], stems: set[str]
) -> None:
    raw["scales"] = {**raw["scales"], "laptop": {**raw["scales"]["laptop"], "deblurring": {}}}
    edited = {**raw, "deblurring": merged(raw["deblurring"], edit)}
    own = own_settings(raw)
    after = own_settings(edited)
    found = {path for path in own if own[path] != after[path]}
    assert all("/deblurring/" in path for path in found)
    assert {Path(path).stem for path in found} - {"entries"} == stems - {"entries"}


def own_settings(raw: dict[str, Any]) -> dict[str, Any]:
    """Return the recipe of each artifact without what it is made from."""
    plan = Plan(resolve(raw))
    return {path: {**json.loads(plan.recipe(path)), "inputs": 0} for path in plan.artifacts}


def test_file_names_of_methods() -> None:
    assert slug("DCT-F (one phase)") == "dct-f-one-phase"
    assert len({slug(method) for method in METHODS}) == len(METHODS)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("restoration", "problems", "inpainting", "ensemble"), "nowhere", "ensemble: found 'nowhere'"),
        (("restoration", "problems", "inpainting", "methods"), ["Biharmonik"], "found 'Biharmonik'"),
        (("restoration", "phantoms", "snake", "problem"), "denoise", "found 'denoise'"),
        (("restoration", "robustness", "problem"), "denoise", "found 'denoise'"),
        (("reconstruction", "calibrations"), {}, "reconstruction.calibrations: found no 'inhouse'"),
        (("train", "upsampling_x2", "SMRnet", "network", "factor"), 4, "factor: found 4, expected 2"),
    ],
)
def test_what_does_not_fit_together_is_one_line(
    raw: dict[str, Any], path: tuple[str, ...], value: Any, message: str
) -> None:
    edited = json.loads(json.dumps(raw))
    place = edited
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(InputError, match=r"^params\.yaml: ") as refused:
        _ = Plan(resolve(edited)).artifacts
    assert message in str(refused.value) and "\n" not in str(refused.value)


def test_a_job_writes_the_provenance_that_its_rule_holds(raw: dict[str, Any]) -> None:
    """A recipe that a job reads and writes back must stay as it is: the guard compares the two digests."""
    plan = Plan(resolve(raw))
    for path, artifact in plan.artifacts.items():
        recipe = importlib.import_module(f"mpipipe.cli.jobs.{artifact.job}").Recipe
        read = recipe.model_validate_json(plan.recipe(path))
        assert digest(read.model_dump(mode="json")) == plan.provenance(path), path


def test_result_files_are_the_papers_tables_and_figures(raw: dict[str, Any]) -> None:
    files = {Path(path).stem for path in Plan(resolve(raw)).result_files("restoration")}
    assert {"parameters", "denoising", "accelerated_calibration", "upsampling", "inpainting"} <= files
    assert {
        "examples",
        "phantoms",
        "snake",
        "resolution",
        "spiral",
        "nested_rectangles",
        "robustness",
    } <= files
