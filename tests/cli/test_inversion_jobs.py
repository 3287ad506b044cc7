"""Jobs of the inversion study on a small line: what they write, and which networks stand beside classical inverses."""

from pathlib import Path

import numpy as np
import pytest

from mpipipe.cli.jobs import line_patterns, lines, score_line_inverses, train_perceptron, tune_line_inverses
from mpipipe.cli.jobs.base import JobRecipe
from mpipipe.cli.jobs.line_data import noisy_spectra, open_inverse, read_lines
from mpipipe.config.inversion import InversionConfig
from mpipipe.errors import InputError
from mpipipe.storage.arrays import read_arrays
from mpipipe.storage.tables import read_json, read_table
from mpipipe.studies.line_runs import runs_of

LINE = {
    "scanner": {
        "gradient_T_per_m": [2, -1, -1],
        "drive_amplitude_mT": [32, 0, 0],
        "divider": [512, 1, 1],
        "base_frequency_Hz": 10.24e6,
    },
    "grid": {"shape": [25], "field_of_view_mm": [33]},
    "diameters_nm": [30, 40],
    "harmonics": 40,
}
FAST = {"epochs": 20, "batch": 20, "least_steps": 0}
CONFIG = {
    "line": LINE,
    "scenes": {"train": 200, "val": 20, "test": 10},
    "training": {
        "SGD": {"Single-layer": FAST},
        "Muon": {
            "Single-layer": FAST | {"optimiser": "Muon", "learning_rate": 0.1, "initial_scale": 0},
            "Multi-layer": FAST | {"optimiser": "Muon", "learning_rate": 0.1},
        },
    },
    "sweeps": {
        "published": {"optimisers": ["SGD"], "networks": ["Single-layer"], "n_train": [200]},
        "units": {"hidden_units": [20, 30], "n_train": [200]},
        "noise": {"networks": ["Single-layer"], "snr_db": [20], "n_train": [200]},
        "inputs": {"networks": ["Single-layer"], "normalisations": ["sample_max"], "n_train": [200]},
    },
    "snr_db": [20],
}
HEAD = {"scale": "smoke", "code": "0", "seed": 1}
DATA = "data/smoke/scene/inversion/lines.zarr"
TUNED = "data/smoke/baseline/inversion/lines/classical.json"


@pytest.fixture(scope="module")
def trained(module_path: Path) -> list[str]:
    """Return the paths of the weights of all trainings, in a folder of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(module_path)
        config = InversionConfig.model_validate(CONFIG)
        settings = HEAD | {"noun": "scene", "line": LINE, "scenes": CONFIG["scenes"]}
        lines.run(lines.Recipe.model_validate(settings), Path(DATA))
        tuning = HEAD | {"noun": "baseline", "line": LINE, "snr_db": [20], "inputs": {DATA: "0"}}
        search = {"rank": [5, 10, 15], "regularization": [0, 0.01, 0.1]}
        tune_line_inverses.run(
            tune_line_inverses.Recipe.model_validate(tuning | {"search": search}), Path(TUNED)
        )
        paths = []
        for one in runs_of(config):
            paths.append(f"data/smoke/train/inversion/{one.problem}/{one.name}.safetensors")
            recipe = HEAD | {"noun": "train", "run": one.model_dump(mode="json"), "inputs": {DATA: "0"}}
            train_perceptron.run(train_perceptron.Recipe.model_validate(recipe), Path(paths[-1]))
        return [str(module_path), *paths]


def inputs(trained: list[str]) -> dict[str, str]:
    return dict.fromkeys([DATA, TUNED, *trained[1:]], "0")


def test_a_training_that_two_sweeps_share_stands_once() -> None:
    config = InversionConfig.model_validate(
        CONFIG | {"sweeps": {**CONFIG["sweeps"], "again": {"n_train": [200]}}}
    )
    names = [(one.problem, one.name) for one in runs_of(config)]
    assert len(names) == len(set(names)) == 7  # the six before, and 200 hidden units


@pytest.mark.parametrize(
    ("sweep", "message"),
    [
        ({"diameters_nm": [33]}, "diameters_nm: found 33, expected one of 30, 40"),
        ({"n_train": [201]}, "n_train: found 201, expected at most 200"),
        ({"optimisers": ["SGD"], "n_train": [200]}, "found no training.SGD.Multi-layer"),
    ],
)
def test_a_sweep_that_does_not_fit_is_one_clear_line(sweep: dict[str, list[object]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        InversionConfig.model_validate(CONFIG | {"sweeps": {"odd": sweep}})


def test_scenes_are_those_of_each_diameter_and_splits_differ(
    trained: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(trained[0])
    found = read_lines(JobRecipe(**HEAD, noun="train", inputs={DATA: "0"}))
    assert {name: len(a) for name, a in found.arrays.items()} == {
        "train": 200, "val": 20, "test": 10, "stripes": 40, "letters": 20,
    }  # fmt: skip
    np.testing.assert_allclose(
        found.spectra("test", 40), found.scenes("test") @ found.matrices[40].T, rtol=1e-12
    )
    assert not any((found.scenes("train") == one).all(axis=1).any() for one in found.scenes("test"))


def test_every_method_sees_the_same_noise(trained: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(trained[0])
    one, other = (JobRecipe(**HEAD, noun=noun, inputs={DATA: "0"}) for noun in ("train", "evaluate"))
    found = read_lines(one)
    first, second = (noisy_spectra(recipe, found, "test", 40, 20) for recipe in (one, other))
    np.testing.assert_array_equal(first, second)
    error = np.linalg.norm(first - found.spectra("test", 40)) / np.linalg.norm(first)
    assert error == pytest.approx(0.1, rel=0.2)  # 20 dB


def test_records_hold_each_training_and_method_once(
    trained: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(trained[0])
    recipe = HEAD | {"noun": "evaluate", "line": LINE, "snr_db": [20], "inputs": inputs(trained)}
    score_line_inverses.run(score_line_inverses.Recipe.model_validate(recipe), Path("records.parquet"))
    records = read_table(Path("records.parquet"))
    own = records[records["table"] == "mse"]
    assert sorted(own.groupby(["method", "optimiser", "hidden_units"]).size().index) == [
        ("Multi-layer", "Muon", 20), ("Multi-layer", "Muon", 30),
        ("Single-layer", "Muon", 0), ("Single-layer", "SGD", 0),
    ]  # fmt: skip
    assert own.groupby("split").size().to_dict() == {"test": 40, "train": 4}
    compared = records[records["table"] == "regularised"]
    rows = compared.groupby(["method", "diameter_nm", "snr_db"]).size()
    assert set(rows) == {10}
    assert ("Single-layer", 40.0, 20.0) in rows.index and ("Multi-layer", 40.0, np.inf) in rows.index
    assert ("Tikhonov", 30.0, 20.0) in rows.index and len(rows) == 8 + 3
    # The error of a record is that of the network's own estimate.
    path = next(Path(name) for name in trained[1:] if "multi-layer-30" in name)
    data = read_lines(JobRecipe(**HEAD, noun="evaluate", inputs={DATA: "0"}))
    estimate = open_inverse(path).apply(data.spectra("test", 40))
    expected = np.square(estimate - data.scenes("test")).mean(axis=1)
    written = own[(own["hidden_units"] == 30) & (own["split"] == "test")]["value"]
    np.testing.assert_allclose(written, expected, rtol=1e-5)


def test_classical_settings_are_those_of_each_diameter_and_noise(
    trained: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(trained[0])
    found = read_json(Path(TUNED))["inverses"]
    assert len(found) == 2 * 2 * 2
    errors = {(one["method"], one["diameter_nm"], one["snr_db"]): one["validation_mse"] for one in found}
    assert errors["Tikhonov", 40, None] < errors["Tikhonov", 40, 20] < 0.25


def test_patterns_are_reconstructed_by_each_network(
    trained: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(trained[0])
    recipe = HEAD | {"noun": "reconstruct", "inputs": inputs(trained)}
    line_patterns.run(line_patterns.Recipe.model_validate(recipe), Path("patterns.zarr"))
    arrays, described = read_arrays(Path("patterns.zarr"))
    assert described["networks"][0].startswith("Single-layer") and len(described["networks"]) == 6
    assert arrays["letters_images"].shape == (6, 20, 25) and arrays["letters_truth"].shape == (20, 25)
    assert arrays["test_truth"].shape == (10, 25)


def test_a_diverging_training_is_one_clear_line(trained: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(trained[0])
    config = InversionConfig.model_validate(CONFIG)
    one = runs_of(config)[0]
    training = one.training.model_copy(update={"learning_rate": 100.0, "network": one.training.network.model_copy(
        update={"activation": "linear"})})  # fmt: skip
    recipe = HEAD | {"noun": "train", "inputs": {DATA: "0"}}
    changed = one.model_copy(update={"training": training}).model_dump(mode="json")
    with pytest.raises(InputError, match="learning_rate"):
        train_perceptron.run(
            train_perceptron.Recipe.model_validate(recipe | {"run": changed}), Path("diverged.safetensors")
        )
    assert not Path("diverged.safetensors").exists()
