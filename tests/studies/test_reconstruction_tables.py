"""Tables of the reconstruction study: what the paper prints, paired differences that are known, costs that were given."""

import math

import numpy as np
import pandas as pd
import pytest

from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.records import build_records, concatenate_records
from mpipipe.evaluation.tables import markdown
from mpipipe.studies.reconstruction_costs import timing_table, training_table
from mpipipe.studies.reconstruction_plan import TABLE_NAMES
from mpipipe.studies.reconstruction_tables import parameters_table, score_tables
from tests.studies.reconstruction_inputs import METHODS, records, timing_description, trainings, tuned

RUN = Provenance(scale="smoke", digest="0123456789abcdef", seed=7)
# Mean over the four rows of Table 3 of DERnet minus the method.
PRINTED_GAINS = {
    "ART": 3.4,
    "ADMM_L1": 5.125,
    "ADMM_TV": 3.35,
    "ADMM_L1TV": 1.85,
    "PP-MPI": 0.9,
    "DIP": 8.1,
    "ADMM-Net": 8.775,
}


@pytest.fixture(scope="module")
def scored():
    return records()


@pytest.fixture(scope="module")
def tables(scored):
    return {table.name: table for table in score_tables(scored, RUN)}


def test_every_table_of_the_plan_is_a_whole_one(scored, tables):
    settings = {name: [tuned(method) for method in METHODS[:6]] for name in ("openmpi", "inhouse")}
    every = [
        parameters_table(settings, RUN),
        *tables.values(),
        timing_table(scored, timing_description(), RUN),
        training_table(trainings(), scored, RUN),
    ]
    assert tuple(table.name for table in every) == TABLE_NAMES
    for table in every:
        text = table.formatted
        width = len(text.stub) + len(text.groups) * len(text.columns)
        assert {len(row) for row in text.rows} == {width}
        assert table.caption.endswith(RUN.sentence)
        assert "nan" not in markdown(text, table.caption)


def test_the_fixed_snr_stands_beside_the_paper_with_standard_deviations(scored, tables):
    table = tables["fixed_snr"]
    wide = table.wide.set_index("method")
    assert wide.loc["DIP", "n"] == 20 and wide.loc["DERnet", "n"] == 60
    assert wide.loc["ART", "nrmse_paper"] == 0.221 and wide.loc["ART", "nrmse_paper_std"] == 0.0699
    own = scored[(scored["table"] == "fixed_snr") & (scored["method"] == "DERnet")]
    items = own[own["metric"] == "psnr_db"].groupby("item")["value"].mean()  # over three trainings
    assert wide.loc["DERnet", "psnr_db"] == pytest.approx(items.mean())
    (row,) = [row for row in table.formatted.rows if row[1] == "DERnet"]
    difference = f"{items.mean() - 28.9:+.2f}".replace("-", "−")
    assert row[:6] == (
        "30",
        "DERnet",
        "60",
        f"{items.mean():.2f} ± {items.std():.2f}",
        "28.9 (3.31)",
        difference,
    )
    assert "mean ± standard deviation over n = 20 to 60" in table.caption


def test_the_sweep_has_the_papers_psnr_alone(tables):
    text = tables["snr_sweep"].formatted
    assert text.columns == ("PSNR (dB)", "paper", "difference", "SSIM", "NRMSE")
    assert len(text.rows) == 4 * len(METHODS)
    (row,) = [row for row in text.rows if row[:2] == ("35", "ADMM_TV")]
    assert row[4] == "26.9 (3.1)"
    assert all("–" not in row for row in text.rows)


def test_gains_of_the_paper_are_means_over_its_rows(tables):
    paired = tables["snr_sweep_paired"].wide
    psnr = paired[paired["metric"] == "psnr_db"]
    whole = psnr[psnr["snr_db"].isna()].set_index("baseline")["paper"]
    assert dict(whole) == pytest.approx(PRINTED_GAINS)
    at_20 = psnr[psnr["snr_db"] == 20].set_index("baseline")["paper"]
    assert at_20["PP-MPI"] == pytest.approx(24.0 - 23.0)
    assert paired.loc[paired["metric"] != "psnr_db", "paper"].isna().all()


def test_paired_differences_cancel_what_phantoms_have_in_common():
    """DERnet is better by 1 dB and 3 dB at two levels; the phantoms differ by tens of dB."""
    hardness = np.array([0.0, 30.0, 60.0])
    gain, wobble = {20.0: 1.0, 30.0: 3.0}, np.array([-0.1, 0.0, 0.1])
    parts = [
        build_records(
            table="snr_sweep", method=method, metric=metric, item=[0, 1, 2], snr_db=level, repeat=repeat,
            value=hardness + (gain[level] + sign * wobble if method == "DERnet" else 0),
        )
        for level in gain
        for metric in ("psnr_db", "ssim", "nrmse")
        for method, repeat, sign in (("ART", None, 0), ("DERnet", 0, 1), ("DERnet", 1, 3))
    ]  # fmt: skip
    fixed = [
        build_records(table="fixed_snr", method="ART", metric=metric, item=0, value=1.0, snr_db=30)
        for metric in ("psnr_db", "ssim", "nrmse")
    ]
    *_, paired = score_tables(concatenate_records(parts + fixed), RUN)
    psnr = paired.wide[paired.wide["metric"] == "psnr_db"]
    assert list(psnr["mean"]) == pytest.approx([1.0, 3.0, 2.0])
    # Two trainings average to a spread of 0.2 over three phantoms: t(0.975, 2) = 4.30265.
    assert list(psnr["ci95"]) == pytest.approx([4.30265273 * 0.2 / math.sqrt(3)] * 3)
    assert [row[0] for row in paired.formatted.rows] == ["20", "30", "mean"]
    assert paired.formatted.rows[2][3:5] == ("+2.00 ± 0.50", "+3.15")  # (24 − 21.2 + 28.4 − 24.9) / 2


def test_a_level_that_the_paper_lacks_has_no_printed_gain():
    parts = [
        build_records(table=table, method=m, metric=k, item=[0, 1], value=[1.0, 2.0], snr_db=level)
        for table, level in (("fixed_snr", 30), ("snr_sweep", 22))
        for m in ("ART", "DERnet")
        for k in ("psnr_db", "ssim", "nrmse")
    ]
    *_, paired = score_tables(concatenate_records(parts), RUN)
    assert paired.wide["paper"].isna().all()
    assert [row[4] for row in paired.formatted.rows] == ["–", "–"]


def test_times_are_the_shortest_runs():
    seconds = {1: [0.004, 0.002, 0.003], 64: [0.0005, 0.0007]}
    parts = [
        build_records(table="timing", method="ART", metric="time_s", item=np.arange(len(v)), value=v, snr_db=30, batch=b)
        for b, v in seconds.items()
    ]  # fmt: skip
    parts.append(
        build_records(table="timing", method="DIP", metric="time_s", item=0, value=12.0, snr_db=30, batch=1)
    )
    described = {"iterations": {"ART": 10, "DIP": 1000}, "machine": "a machine", "threads": 1, "batch": 64}
    table = timing_table(concatenate_records(parts), described, RUN)
    assert table.formatted.rows == (
        ("ART", "2", "0.5", "64", "3 / 2", "10", "4.84", "10"),
        ("DIP", "12000", "–", "–", "1 / 0", "1000", "95.5", "4000"),
    )
    art = table.wide.iloc[0]
    assert art["single_mean_ms"] == pytest.approx(3.0) and art["together_mean_ms"] == pytest.approx(0.6)
    assert "a machine, 1 thread;" in table.caption


def test_trainings_have_their_rates_and_the_spread_over_seeds(scored):
    wide = training_table(trainings(), scored, RUN).wide.set_index(["calibration", "method"])
    own = scored[(scored["table"] == "snr_sweep") & (scored["metric"] == "psnr_db")]
    own = own[own["method"] == "DERnet"]
    means = [
        [part["value"].mean() for _, part in level.groupby("repeat")] for _, level in own.groupby("snr_db")
    ]
    row = wide.loc["openmpi", "DERnet"]
    assert row["psnr_spread_db"] == pytest.approx(np.ptp(means, axis=1).mean())
    assert row["trainings"] == 3 and wide.loc[("openmpi", "PP-MPI"), "trainings"] == 1
    assert pd.isna(wide.loc[("inhouse", "DERnet"), "trainings"])  # no record is of that calibration
    assert row["minutes"] == pytest.approx(400 * 128 / 5120 / 60)
    cells = training_table(trainings(), scored, RUN).formatted.rows[0]
    assert cells[:4] == ("Open MPI-like", "PP-MPI", "9 812 345", "400")
