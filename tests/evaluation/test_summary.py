import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpipipe.errors import InputError
from mpipipe.evaluation.records import build_records, concatenate_records
from mpipipe.evaluation.summary import PAIRED_COLUMNS, SUMMARY_COLUMNS, compare, half_width, summarise


def one(values, items, method="DnCNN"):
    return build_records(
        table="denoising", method=method, metric="psnr_db", item=items, value=values, sigma=0.1
    )


def test_closed_form_with_two_items():
    # Item means 10 and 14: mean 12, standard deviation √8, t(0.975, 1) = tan(0.475 π) = 12.7062.
    row = summarise(one([8.0, 12.0, 14.0], [0, 0, 1])).iloc[0]
    assert (row["mean"], row["n"]) == (12.0, 2)
    assert row["std"] == pytest.approx(math.sqrt(8))
    assert row["ci95"] == pytest.approx(math.tan(0.475 * math.pi) * 2, rel=1e-9)


def test_half_width_matches_the_table_of_student():
    assert half_width(1.0, 11) * math.sqrt(11) == pytest.approx(2.228, abs=5e-4)
    assert half_width(1.0, 31) * math.sqrt(31) == pytest.approx(2.042, abs=5e-4)
    assert math.isnan(half_width(1.0, 1))


def test_items_weigh_equally_however_many_rows_they_have():
    assert summarise(one([0.0] * 99 + [10.0], [0] * 99 + [1])).iloc[0]["mean"] == 5.0


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000), st.integers(2, 5))
def test_repeated_rows_change_nothing(seed, copies):
    values, items = np.random.default_rng(seed).normal(size=12), np.arange(12) % 4
    plain = summarise(one(values, items))
    repeated = summarise(one(np.tile(values, copies), np.tile(items, copies)))
    pd.testing.assert_frame_equal(plain, repeated)
    shuffled = np.random.default_rng(seed).permutation(12)
    pd.testing.assert_frame_equal(plain, summarise(one(values[shuffled], items[shuffled])))


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000), st.floats(-50, 50), st.floats(0.1, 10))
def test_statistics_follow_shift_and_scale(seed, shift, scale):
    values, items = np.random.default_rng(seed).normal(size=10), np.arange(10) // 2
    plain, moved = (
        summarise(one(values, items)).iloc[0],
        summarise(one(scale * values + shift, items)).iloc[0],
    )
    assert moved["mean"] == pytest.approx(scale * plain["mean"] + shift, abs=1e-9)
    assert moved["std"] == pytest.approx(scale * plain["std"], abs=1e-9)
    assert moved["ci95"] == pytest.approx(scale * plain["ci95"], abs=1e-9)


def test_interval_agrees_with_a_bootstrap_of_items():
    rng = np.random.default_rng(3)
    items = np.repeat(np.arange(200), 5)
    values = rng.normal(0, 2, 200)[items] + rng.normal(0, 1, 1000)
    means = values.reshape(200, 5).mean(axis=1)
    draws = means[rng.integers(0, 200, (4000, 200))].mean(axis=1)
    half = (np.quantile(draws, 0.975) - np.quantile(draws, 0.025)) / 2
    assert summarise(one(values, items)).iloc[0]["ci95"] == pytest.approx(half, rel=0.05)


def test_interval_covers_the_truth_where_rows_are_correlated():
    rng = np.random.default_rng(4)
    items = np.repeat(np.arange(10), 8)
    covered = naive = 0
    for _ in range(400):
        values = rng.normal(0, 1, 10)[items] + rng.normal(0, 0.3, 80)
        means = values.reshape(10, 8).mean(axis=1)
        covered += abs(means.mean()) <= half_width(float(means.std(ddof=1)), 10)
        naive += abs(values.mean()) <= half_width(float(values.std(ddof=1)), 80)
    assert covered / 400 == pytest.approx(0.95, abs=0.035)  # 3.2 standard deviations of a binomial
    assert naive / 400 < 0.65  # what counting rows would claim as 95 %


def test_summary_has_its_columns_and_one_row_a_condition(records):
    summary = summarise(records)
    assert tuple(summary.columns) == SUMMARY_COLUMNS
    assert len(summary) == 2 * 2 * 2
    assert (summary["n"] == 12).all()
    assert list(summary["method"][:4]) == ["DCT-F", "DCT-F", "DnCNN", "DnCNN"]
    by_hand = (
        records.query("method == 'DnCNN' and sigma == 0.1 and metric == 'ssim'")
        .groupby("item")["value"]
        .mean()
    )
    row = summary.query("method == 'DnCNN' and sigma == 0.1 and metric == 'ssim'").iloc[0]
    assert row["mean"] == pytest.approx(by_hand.mean())
    assert row["std"] == pytest.approx(by_hand.std())


def test_conditions_that_do_not_apply_do_not_drop_rows():
    plain = build_records(table="fixed_snr", method="ART", metric="nrmse", item=[0, 1], value=[0.1, 0.3])
    row = summarise(plain).iloc[0]
    assert row["mean"] == pytest.approx(0.2)
    assert math.isnan(row["sigma"])


def test_one_item_and_infinite_values_have_no_interval():
    assert math.isnan(summarise(one([1.0, 2.0], [5, 5])).iloc[0]["ci95"])
    row = summarise(one([1.0, np.inf], [0, 1])).iloc[0]
    assert np.isposinf(row["mean"])
    assert math.isnan(row["ci95"])


def test_paired_comparison_cancels_what_items_share(records):
    paired = compare(records, "DnCNN", "DCT-F")
    assert tuple(paired.columns) == PAIRED_COLUMNS
    psnr = paired.query("metric == 'psnr_db' and sigma == 0.06").iloc[0]
    summary = summarise(records).query("metric == 'psnr_db' and sigma == 0.06")
    assert psnr["mean"] == pytest.approx(summary["mean"].iloc[1] - summary["mean"].iloc[0])
    assert psnr["ci95"] < summary["ci95"].min() / 4
    assert abs(psnr["mean"] - 2.0) < psnr["ci95"] * 2
    swapped = compare(records, "DCT-F", "DnCNN").query("metric == 'psnr_db' and sigma == 0.06").iloc[0]
    assert (swapped["mean"], swapped["ci95"]) == pytest.approx((-psnr["mean"], psnr["ci95"]))


def test_paired_comparison_uses_shared_items_only():
    both = concatenate_records([one([1.0, 2.0, 9.0], [0, 1, 2]), one([0.5, 1.0], [0, 1], "DCT-F")])
    row = compare(both, "DnCNN", "DCT-F").iloc[0]
    assert (row["mean"], row["n"]) == (0.75, 2)
    with pytest.raises(InputError, match="found no item with 'DnCNN' and 'RDN'"):
        compare(both, "DnCNN", "RDN")
