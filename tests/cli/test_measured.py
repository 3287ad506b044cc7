"""Verb ``measured``: with and without a finished run, on data of which all is known and on the measured ones."""

import importlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mpipipe.cli.measured import run_measured
from mpipipe.cli.measured_methods import Prepared, open_prepared
from mpipipe.cli.measured_restoration import restore_encoding_array
from mpipipe.cli.measured_robustness import CHAIN_FILE, score_receive_chain
from mpipipe.reconstruction.encoding_array import reconstruct_phantoms
from mpipipe.storage.matlab import EncodingArray
from mpipipe.studies.plan import Plan
from tests.cli.runs import prepare_methods, small_params
from tests.training.networks import noise

PHANTOMS = {"encoding_array.csv", "encoding_array.png", "encoding_array.svg"}
RESTORED = {f"restoration.{kind}" for kind in ("csv", "png", "svg")} | {
    f"restoration_images.{kind}" for kind in ("png", "svg")
}
LOCALISATION = {f"localisation.{kind}" for kind in ("csv", "png", "svg")}
ROBUSTNESS = {f"robustness.{kind}" for kind in ("csv", "png", "svg")}


class Scaled:
    """Multiplies components by a number, whatever the noise."""

    def __init__(self, factor):
        self.factor = factor

    def apply(self, observed, sigma=0.0, *, known=None, grid=None):
        return np.complex64(self.factor) * observed


class Told:
    """Gives back nothing, and keeps the noise level that it was told."""

    def apply(self, observed, sigma=0.0, *, known=None, grid=None):
        self.sigma = np.asarray(sigma)
        return 0 * observed


@pytest.fixture
def data():
    matrix = noise((12, 8, 8)).astype(np.complex128)
    image = np.zeros((8, 8))
    image[2:4, 3:6] = 1
    return EncodingArray(matrix, {"b1": matrix.reshape(12, -1) @ image.ravel(), "b2": matrix[:, 5, 5]})


def test_what_methods_of_which_all_is_known_do(data, tmp_path):
    told = Told()
    methods = {"DCT-F": told, "same": Scaled(1), "half": Scaled(0.5), "turned": Scaled(np.exp(0.5j))}
    lines = restore_encoding_array(
        data, {"S.mat": "0"}, Prepared(methods, dict.fromkeys(methods, "1")), tmp_path, small_params()
    )
    assert {path.name for path in tmp_path.iterdir()} == RESTORED
    table = pd.read_csv(tmp_path / "restoration.csv").set_index("method")
    assert list(table.index) == ["Measured", "DCT-F", "DCT-F (0.3 σ)", "same", "half", "turned"]
    expected = [0, 1, 1, 0, 0.25, abs(1 - np.exp(0.5j)) ** 2]
    np.testing.assert_allclose(table["removed_energy"], expected, atol=1e-6)
    turned = table.loc[["same", "half", "turned"], "phase_change_deg"]
    np.testing.assert_allclose(turned, [0, 0, np.degrees(0.5)], atol=1e-3)
    images = reconstruct_phantoms(data.system_matrix, data.signals)
    for name in ("b1", "b2"):
        kept = table.loc[["Measured", "same", "half"], f"residual_{name}"]
        np.testing.assert_allclose(kept, float(images[name].relative_residual), rtol=1e-3)
        # Nothing explains nothing of the signal.
        assert table.loc["DCT-F", f"residual_{name}"] == pytest.approx(1)
    page = "\n".join(lines)
    assert "no ground truth" in page and "Scale smoke" in page and "PSNR" not in page


def test_dct_f_is_told_the_estimated_level_and_three_tenths_of_it(data, tmp_path):
    levels = []

    class Listener(Told):
        def apply(self, observed, sigma=0.0, *, known=None, grid=None):
            levels.append(np.asarray(sigma))
            return observed

    prepared = Prepared({"DCT-F": Listener()}, {"DCT-F": "1"})
    restore_encoding_array(data, {}, prepared, tmp_path, small_params())
    np.testing.assert_allclose(levels[1], 0.3 * levels[0])
    assert levels[0].shape == (12,)


@pytest.fixture
def finished(tmp_path, monkeypatch):
    """A folder with what a finished run leaves for this verb, and its parameters."""
    monkeypatch.chdir(tmp_path)
    params = small_params()
    plan = Plan(params)
    prepare_methods(params, "denoising_2d")
    for name, path in (
        ("table", plan.ensembles.table("lissajous_2d")),
        ("series", plan.ensembles.background("lissajous_2d", "test")),
    ):
        job = importlib.import_module(f"mpipipe.cli.jobs.{plan.artifacts[path].job}")
        job.run(job.Recipe.model_validate_json(plan.recipe(path)), **{name: Path(path)})
    return params


def test_without_a_run_a_line_says_what_is_left_out(tmp_path, monkeypatch, capsys, measured_dir):
    monkeypatch.chdir(tmp_path)
    run_measured(measured_dir, Path("out"), small_params())
    written = {path.name for path in Path("out").iterdir()}
    assert written == PHANTOMS | LOCALISATION | {"README.md"}
    text = Path("out/encoding_array.csv").read_text()
    assert "b1,0.0232" in text and "b2,0.0250" in text
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 4 and all("`make run` first" in line for line in said[:3])
    assert said[0].startswith("restoration of the measured matrix: left out, found no data/smoke/")


def test_a_method_without_its_manifest_is_not_used(finished, capsys):
    path = Path(Plan(finished).restoration.prepared("denoising_2d", "DnCNN"))
    assert open_prepared(finished, "denoising_2d", "that") is not None
    path.with_name(path.name + ".manifest.json").unlink()
    assert open_prepared(finished, "denoising_2d", "that") is None
    assert f"found no {path}" in capsys.readouterr().out


def test_all_of_it_on_measured_data(finished, measured_dir):
    run_measured(measured_dir, Path("out"), finished)
    written = {path.name for path in Path("out").iterdir()}
    assert written == PHANTOMS | RESTORED | ROBUSTNESS | LOCALISATION | {"README.md"}
    page = Path("out/README.md").read_text()
    for name in ("encoding_array", "restoration", "restoration_images", "robustness"):
        assert f"]({name}.png)" in page
    gains = pd.read_csv("out/robustness.csv")
    conditions = ["as trained", "Debye 3 µs", "field-dependent 3 µs", "measured receive chain"]
    assert sorted(gains["condition"]) == sorted(conditions) and set(gains["method"]) == {"DnCNN"}
    assert np.isfinite(gains["mean"]).all()
    table = pd.read_csv("out/restoration.csv").set_index("method")
    assert table.loc["Measured", "residual_b1"] == pytest.approx(0.0232, abs=5e-5)
    assert table.loc["Measured", "residual_b2"] == pytest.approx(0.0250, abs=5e-5)


def test_the_conditions_of_the_run_have_its_numbers(finished, measured_dir, tmp_path):
    """The job of the DAG and this verb score the same matrices, components and noise."""
    score_receive_chain(measured_dir, Path("out"), finished)
    plan, path = Plan(finished), "data/smoke/evaluate/restoration/robustness.parquet"
    job = importlib.import_module("mpipipe.cli.jobs.robustness")
    job.run(job.Recipe.model_validate_json(plan.recipe(path)), Path(path))
    records = pd.read_parquet(path).query("metric == 'psnr_db'")
    means = records.pivot_table(index="physics", columns="method", values="value")
    ours = pd.read_csv("out/robustness.csv").set_index("condition")["mean"]
    for name, row in means.iterrows():
        assert ours[name] == pytest.approx(row["DnCNN"] - row["DCT-F"], abs=1e-5)
    assert len(means) == 3 and len(ours) == 4


def test_without_the_receive_chain_a_line_says_so(finished, tmp_path, capsys):
    assert score_receive_chain(tmp_path / "none", Path("out"), finished) == []
    assert f"found no {tmp_path / 'none' / CHAIN_FILE}" in capsys.readouterr().out
    assert not Path("out").exists()
