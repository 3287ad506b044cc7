"""Verb ``measured``: the sample of session 2 localised from session 1, where the measured data are there."""

from pathlib import Path

import pandas as pd
import pytest

from mpipipe.cli.measured_localisation import FOLDER, localise_line_sessions
from tests.cli.runs import small_params


def test_measured_sessions(measured_dir: Path, tmp_path: Path) -> None:
    if not (measured_dir / FOLDER).is_dir():
        pytest.skip(f"no measured sessions in {measured_dir / FOLDER}: run `mpipipe fetch`")
    page = "\n".join(localise_line_sessions(measured_dir, tmp_path, small_params()))
    assert {path.name for path in tmp_path.iterdir()} == {
        f"localisation.{kind}" for kind in ("csv", "png", "svg")
    }
    assert "](localisation.png)" in page and "86.8 to 100.0" in page and "chance 11.1 %" in page
    table = pd.read_csv(tmp_path / "localisation.csv").set_index(["alignment", "method"])
    assert len(table) == 9 and (table["n"] == 26).all()
    # Blocks of session 2 hardly differ from session 1: who knows that there is one sample finds all of them.
    assert (table.loc[[("row", "Perceptron"), ("row", "Best single column")], "correct"] == 26).all()
    assert (
        table.loc[[("recorded", method) for method in table.loc["recorded"].index], "correct"] == 26
    ).all()
    # The backgrounds are two samples apart, the signals are not.
    assert table.loc[("background", "Non-negative least squares"), "correct"] < 26


def test_without_the_data_a_line_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert localise_line_sessions(tmp_path / "none", tmp_path / "out", small_params()) == []
    said = capsys.readouterr().out
    assert "left out, found no" in said and "session1_system_matrix.h5" in said and said.count("\n") == 1
    assert not (tmp_path / "out").exists()
