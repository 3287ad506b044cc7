"""Jobs of the signal-denoising study: what they write, and that no clean signal reaches training or tuning."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mpipipe.cli.jobs import noisy_periods, signal_filters, signal_methods, train_signal_denoiser
from mpipipe.config.params import load_params
from mpipipe.storage.arrays import read_arrays
from mpipipe.storage.manifest import manifest_path
from mpipipe.studies.plan import Plan
from tests.workflow.conftest import ROOT

ACQUISITION = {
    "scanner": {
        "gradient_T_per_m": [0.4, 0.4, -0.8],
        "drive_amplitude_mT": [20, 20, 0],
        "divider": [9, 10, 1],
        "base_frequency_Hz": 225000.0,
    },
    "grid": {"shape": [6, 7], "field_of_view_mm": [101, 101]},
}
HEAD = {"scale": "smoke", "code": "0", "seed": 1}
PERIODS = "data/smoke/scene/signal_denoising/system_matrix-{}.zarr"


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with the noisy periods of a small system matrix."""
    monkeypatch.chdir(tmp_path)
    for split in ("train", "val", "test"):
        settings = {
            "noun": "scene",
            "problem": "system_matrix",
            "split": split,
            "acquisition": ACQUISITION,
            "counts": {"train": 30, "val": 6, "test": 6},
            "noise": {"snr_db": 5},
        }
        noisy_periods.run(noisy_periods.Recipe.model_validate(HEAD | settings), Path(PERIODS.format(split)))
    return tmp_path


def arrays_of(split: str) -> dict[str, Any]:
    return read_arrays(Path(PERIODS.format(split)))[0]


def seen() -> dict[str, str]:
    return {PERIODS.format(split): "0" for split in ("train", "val")}


def test_noise_free_signals_lie_beside_the_test_split_only(written: Path) -> None:
    assert set(arrays_of("train")) == set(arrays_of("val")) == {"periods", "sigma", "position"}
    test = arrays_of("test")
    assert set(test) == {"periods", "sigma", "position", "clean"}
    # Both periods differ from the noise-free signal, and from each other, by noise of the stated level.
    for period in (test["periods"][:, 0], test["periods"][:, 1]):
        level = (period - test["clean"]).std(axis=1)
        np.testing.assert_allclose(level, test["sigma"], rtol=0.35)


def test_each_position_is_in_one_split(written: Path) -> None:
    positions = np.concatenate([arrays_of(split)["position"] for split in ("train", "val", "test")])
    assert sorted(positions) == list(range(42))


def test_training_and_tuning_read_noisy_periods_alone(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def recorded(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
        arrays, described = read_arrays(path)
        read.append(f"{path.stem}: {', '.join(sorted(arrays))}")
        return arrays, described

    monkeypatch.setattr(signal_methods, "read_arrays", recorded)
    # The test split, the only one with noise-free signals, is gone.
    for path in (Path(PERIODS.format("test")), manifest_path(Path(PERIODS.format("test")))):
        path.rename(path.with_suffix(".away"))
    head = HEAD | {"problem": "system_matrix", "acquisition": ACQUISITION, "inputs": seen()}
    filters = {"noun": "baseline", "filters": ["Wiener (folded)"], "search": {}}
    signal_filters.run(signal_filters.Recipe.model_validate(head | filters), Path("filters.zarr"))
    tiny = {"network": {"name": "SignalUNet", "width": 2, "kernel": 3}, "steps": 2, "validate_every": 1}
    training = {"noun": "train", "method": "Proposed", "repeat": 0, "training": tiny}
    train_signal_denoiser.run(
        train_signal_denoiser.Recipe.model_validate(head | training), Path("weights.safetensors")
    )
    assert set(read) == {f"system_matrix-{split}: periods, position, sigma" for split in ("train", "val")}


def test_in_the_plan_training_and_tuning_have_no_other_input() -> None:
    plan = Plan(load_params(ROOT / "params.yaml", "laptop"))
    own = [one for one in plan.signal_denoising.artifacts() if one.noun in ("train", "baseline")]
    assert own
    for one in own:
        problem = one.settings["problem"]
        expected = [
            f"data/laptop/scene/signal_denoising/{problem}-{split}.zarr" for split in ("train", "val")
        ]
        assert list(one.inputs) == expected
