import math
from importlib.resources import files

import pytest
import yaml

from mpipipe.errors import InputError
from mpipipe.evaluation.records import CONDITIONS
from mpipipe.evaluation.reference import printed_iterations, printed_settings, reference_table
from mpipipe.evaluation.vocabulary import METHODS, METRICS, TABLES

PAIRS = [(study, table) for study, tables in TABLES.items() for table in tables]
CONTENT = yaml.safe_load((files("mpipipe.evaluation") / "reference.yaml").read_text(encoding="utf-8"))


def test_the_file_has_exactly_the_tables_of_the_studies():
    assert {study: tuple(tables) for study, tables in CONTENT["tables"].items()} == TABLES
    assert set(CONTENT["papers"]) == set(TABLES)


@pytest.mark.parametrize(("study", "table"), PAIRS)
def test_every_cell_resolves_under_our_names(study, table):
    paper = reference_table(study, table)
    assert set(paper.methods) <= set(METHODS)
    assert set(paper.metrics) <= set(METRICS)
    assert (paper.status == "printed") == bool(paper.cells)
    for cell in paper.cells:
        assert set(cell) == {"metric", "conditions", "values"}
        assert set(cell["conditions"]) <= set(CONDITIONS)
        assert cell["metric"] in paper.metrics
        for method, value in cell["values"].items():
            assert method in paper.methods
            found = paper.lookup(method, cell["metric"], cell["conditions"])
            assert [found.value, found.std] == (value if isinstance(value, list) else [value, None])
            assert found.status == "printed"
            assert math.isfinite(found.value)


@pytest.mark.parametrize(("study", "table"), PAIRS)
def test_every_method_and_metric_of_a_table_has_a_status(study, table):
    paper = reference_table(study, table)
    for method in paper.methods:
        for metric in paper.metrics:
            cell = paper.lookup(method, metric, {"sigma": 0.123})
            assert cell.status in ("printed", "not_printed", "not_in_paper")
            assert cell.source


def test_values_that_papers_print():
    assert (
        reference_table("reconstruction", "snr_sweep").lookup("DERnet", "psnr_db", {"snr_db": 35.0}).value
        == 29.6
    )
    assert reference_table("reconstruction", "timing").lookup("DIP", "time_s", {"snr_db": 30}).value == 95.5
    cell = reference_table("inversion", "mse").lookup(
        "Multi-layer",
        "mse",
        {
            "diameter_nm": 40.0,
            "n_train": 30000,
            "split": "test",
            "hidden_units": 200,
            "sigma": math.nan,
            "noise": "",
        },
    )
    assert cell.value == 1.77e-6
    table = reference_table("signal_denoising", "system_matrix")
    assert table.lookup("Noisy", "snr_db", {"snr_db": 5}).value == 4.99


def test_table_3_of_peng_gives_the_gain_of_the_abstract():
    paper = reference_table("reconstruction", "snr_sweep")
    gains = {
        method: sum(
            paper.lookup("DERnet", "psnr_db", {"snr_db": snr}).value
            - paper.lookup(method, "psnr_db", {"snr_db": snr}).value
            for snr in (20, 25, 30, 35)
        )
        / 4
        for method in paper.methods
        if method != "DERnet"
    }
    assert min(gains.values()) == pytest.approx(0.9)
    assert max(gains.values()) == pytest.approx(8.775)


def test_what_is_not_printed_says_so():
    denoising = reference_table("restoration", "denoising")
    cell = denoising.lookup("DnCNN", "psnr_db", {"sigma": 0.1})
    assert (cell.value, cell.status, cell.statement) == (
        None,
        "not_printed",
        "not printed in the paper's text",
    )
    assert any("more than 10 dB" in note for note in denoising.notes)
    assert denoising.lookup("DCT-F (one phase)", "psnr_db", {"sigma": 0.1}).statement == "not in the paper"
    sweep = reference_table("reconstruction", "snr_sweep")
    assert sweep.lookup("ART", "psnr_db", {"snr_db": 40}).status == "not_in_paper"


def test_unknown_names_are_one_clear_line():
    with pytest.raises(InputError, match="study: found 'denoising', expected one of restoration"):
        reference_table("denoising", "denoising")
    with pytest.raises(InputError, match="table of restoration: found 'timing'"):
        reference_table("restoration", "timing")


def test_settings_that_the_paper_prints():
    """Cells of Table 1, by row and column, under the names of our configurations."""
    assert printed_settings("ART", 20.0) == {"regularization": 0.1, "iterations": 10}
    assert printed_settings("ADMM_TV", 35) == {"mu": 100, "iterations": 200}
    assert printed_settings("ADMM_L1TV", 20.0) == {"mu": 1, "tv_share": 0.7, "iterations": 200}
    assert printed_settings("PP-MPI", "openmpi") == {"iterations": 50}
    assert printed_settings("DERnet", 20.0) is None
    assert printed_settings("ART", 22.0) is None
    known = {"ART", "ADMM_L1", "ADMM_TV", "ADMM_L1TV", "PP-MPI", "DIP"}
    for methods in CONTENT["settings"]["reconstruction"]["data"].values():
        assert set(methods) == known


def test_printed_settings_are_a_copy():
    printed_settings("ART", 20.0)["iterations"] = 0
    assert printed_settings("ART", 20.0)["iterations"] == 10


def test_iterations_that_the_paper_prints():
    assert [printed_iterations(m) for m in ("ART", "DIP", "ADMM-Net", "DERnet")] == [10, 4000, 4, None]
