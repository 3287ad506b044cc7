import io

import numpy as np
import pandas as pd
import pytest

from mpipipe.errors import InputError
from mpipipe.evaluation.captions import figure_caption, table_caption
from mpipipe.evaluation.records import build_records
from mpipipe.evaluation.summary import compare, summarise
from mpipipe.evaluation.tables import (
    comparison_table,
    csv_text,
    format_comparison,
    format_number,
    format_paired,
    markdown,
    metrics_of,
)


@pytest.fixture(scope="module")
def sweep():
    parts = [
        build_records(
            table="snr_sweep",
            method=m,
            metric="psnr_db",
            item=[0, 1, 2],
            value=np.array([0, 1, 2.0]) + v,
            snr_db=s,
        )
        for m, v, s in (("DERnet", 24.0, 20), ("ART", 20.0, 20), ("DERnet", 30.0, 40), ("Noisy", 9.0, 20))
    ]
    return summarise(pd.concat(parts))


def test_ours_paper_and_difference(sweep):
    wide = comparison_table(sweep, "reconstruction", "snr_sweep")
    assert list(wide["method"]) == ["Noisy", "ART", "DERnet", "DERnet"]
    art = wide.iloc[1]
    assert (art["psnr_db"], art["psnr_db_paper"], art["psnr_db_paper_std"]) == (21.0, 21.2, 2.23)
    assert art["psnr_db_difference"] == pytest.approx(-0.2)
    assert list(wide["psnr_db_status"]) == ["not_in_paper", "printed", "printed", "not_in_paper"]
    assert wide["psnr_db_paper"].isna().tolist() == [True, False, False, True]
    text = format_comparison(wide, "reconstruction", "snr_sweep")
    assert text.rows[1] == ("20", "ART", "3", "21.00 ± 2.48", "21.2 (2.23)", "−0.20")
    assert text.rows[3][-2:] == ("–", "–")


def test_a_table_may_show_standard_deviations(sweep, provenance):
    wide = comparison_table(sweep, "reconstruction", "snr_sweep")
    text = format_comparison(wide, "reconstruction", "snr_sweep", spread="std")
    assert text.rows[1] == ("20", "ART", "3", "21.00 ± 1.00", "21.2 (2.23)", "−0.20")
    caption = table_caption("X", "reconstruction", ["psnr_db"], [3], provenance, spread="std")
    assert "mean ± standard deviation over n = 3" in caption


def test_unprinted_values_are_named_and_conditions_that_do_not_apply_are_left_out(records):
    wide = comparison_table(summarise(records), "restoration", "denoising")
    text = format_comparison(wide, "restoration", "denoising")
    assert text.stub == ("Trajectory", "σ", "Method", "n")
    assert text.groups == ("PSNR (dB)", "SSIM")
    assert len(text.rows) == 4
    assert all(row[5] == "not printed" and row[6] == "–" for row in text.rows)
    assert any("more than 10 dB" in note for note in text.notes)


def test_csv_reads_back(sweep):
    wide = comparison_table(sweep, "reconstruction", "snr_sweep")
    back = pd.read_csv(io.StringIO(csv_text(wide)))
    pd.testing.assert_frame_equal(back, wide, check_dtype=False, rtol=1e-8)
    assert csv_text(wide) == csv_text(wide.copy())


def test_markdown_is_a_table_with_escaped_cells(records, provenance):
    wide = comparison_table(summarise(records), "restoration", "denoising")
    caption = table_caption("Denoising", "restoration", metrics_of(wide), list(wide["n"]), provenance)
    text = markdown(format_comparison(wide, "restoration", "denoising"), caption)
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) == 2 + 4
    assert {line.replace("\\|", "").count("|") for line in rows} == {11}
    for needed in ("n = 12", "smoke", provenance.digest, "seed 7", "6.02 dB", "3.01 dB", "data range 2"):
        assert needed in text


def test_paired_table(records):
    text = format_paired(compare(records, "DnCNN", "DCT-F"))
    assert text.columns == ("difference",)
    assert [row[2] for row in text.rows] == ["DnCNN − DCT-F"] * 2
    assert all(row[4].startswith("+") and "±" in row[4] for row in text.rows)


def test_numbers():
    assert format_number(-1.234, ".2f") == "−1.23"
    assert format_number(1.234, ".2f", signed=True) == "+1.23"
    assert format_number(float("inf"), ".2f") == "∞"
    assert format_number(float("nan"), ".2f") == "–"


def test_captions_end_with_the_run(provenance):
    caption = figure_caption("What is shown.", provenance)
    assert caption == "What is shown. Scale smoke, recipe 0123456789abcdef, seed 7."


def test_mistakes_are_one_clear_line(sweep):
    with pytest.raises(InputError, match="found no row of table 'timing'"):
        comparison_table(sweep, "reconstruction", "timing")
    with pytest.raises(InputError, match="found no column 'ci95'"):
        comparison_table(sweep.drop(columns="ci95"), "reconstruction", "snr_sweep")
    with pytest.raises(InputError, match="study: found 'x'"):
        comparison_table(sweep, "x", "timing")
