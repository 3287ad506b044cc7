"""Snakemake's own report of a finished run holds every table and figure, with captions."""

import zipfile
from pathlib import Path

import pytest

from mpipipe.config.params import load_params
from mpipipe.studies.plan import Plan
from tests.workflow.conftest import ROOT, Checkout

pytestmark = pytest.mark.slow


def test_the_report_holds_every_table_and_figure_with_its_caption(finished: Checkout, tmp_path: Path) -> None:
    archive = tmp_path / "report.zip"
    finished.run("snakemake", "--report", str(archive))
    with zipfile.ZipFile(archive) as stream:
        names = [Path(name) for name in stream.namelist()]
        page = stream.read("report/report.html").decode()
    plan = Plan(load_params(ROOT / "params.yaml", "smoke"))
    files = [Path(path) for study in plan.studies for path in plan.result_files(study)]
    expected = sorted(path.name for path in files if path.suffix in (".csv", ".png"))
    assert sorted(path.name for path in names if path.suffix in (".csv", ".png")) == expected
    for study in plan.studies:
        assert f"figures_{study}" in page
    assert "Ours beside the paper" in page and "at the scale" in page and "{{ snakemake" not in page
    assert finished.planned() == {}
