"""``mpipipe score``: two files in, a table out."""

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from mpipipe.cli.main import app
from tests.cli.matrix_files import BLOCK, write_pair


def score(*arguments):
    return CliRunner().invoke(app, ["score", *map(str, arguments)])


@pytest.fixture(scope="module")
def pair(module_path):
    return write_pair(module_path)


def test_the_noise_of_a_matrix_by_channel(pair, tmp_path):
    table = tmp_path / "scores.csv"
    done = score(*pair, "--csv", table)
    assert done.exit_code == 0, done.output
    found = pd.read_csv(table).set_index("channel")
    assert list(found.index) == ["x", "y", "z", "all"] and found.loc["z", "components"] == 0
    # White noise of a tenth of the maximum: 20 dB.
    assert found.loc["all", "psnr_db"] == pytest.approx(20, abs=0.2)
    both = found.loc[["x", "y"]]
    assert found.loc["all", "nrmse"] == pytest.approx(np.average(both["nrmse"], weights=both["components"]))
    assert "PSNR (dB)" in done.output and "components are left out" in done.output
    again = score(*pair, "--csv", table)
    assert "found a file, expected none; --overwrite" in str(again.exception)
    assert score(*pair, "--csv", table, "--overwrite").exit_code == 0


def test_weak_components_of_the_reference_do_not_count(tmp_path):
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(4, 8, 8)) + 1j * rng.normal(size=(4, 8, 8))
    truth[2] *= 1e-6
    truth[3] = 0
    np.save(tmp_path / "true.npy", truth)
    np.save(tmp_path / "same.npy", truth)
    done = score(tmp_path / "same.npy", tmp_path / "true.npy")
    assert done.exit_code == 0 and "∞" in done.output and "2 components are left out" in done.output
    done = score(tmp_path / "same.npy", tmp_path / "true.npy", "--keep-above", 0, "--csv", tmp_path / "a.csv")
    assert pd.read_csv(tmp_path / "a.csv")["components"].tolist() == [3]


def test_what_does_not_fit_is_one_line(pair, tmp_path):
    other, _ = write_pair(tmp_path, BLOCK)
    np.save(tmp_path / "zero.npy", np.zeros((2, 8, 8), complex))
    for arguments, line in (
        ((pair[0], other), "rows: found 25, expected 85 as in"),
        ((pair[0], tmp_path / "none.mdf"), "none.mdf: found no file"),
        ((tmp_path / "zero.npy", tmp_path / "zero.npy"), "found no component with signal"),
        ((*pair, "--keep-above", 1), "keep-above: found 1, expected at least 0 and below 1"),
    ):
        done = score(*arguments)
        assert done.exit_code != 0 and line in str(done.exception), str(done.exception)
        assert "\n" not in str(done.exception)


def test_help_has_an_example():
    assert "Example: mpipipe score" in score("--help").output
