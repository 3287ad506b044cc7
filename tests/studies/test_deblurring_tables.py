"""Tables of the deblurring study: known means and intervals, paired differences, and what tuning and training wrote."""

import math

import numpy as np
import pytest

from mpipipe.errors import InputError
from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.records import build_records, concatenate_records
from mpipipe.evaluation.tables import markdown
from mpipipe.studies.deblurring_plan import TABLE_NAMES
from mpipipe.studies.deblurring_settings import deconvolution_table, settings_text, training_table
from mpipipe.studies.deblurring_tables import (
    best_train_snr,
    network_gain_table,
    phantoms_table,
    train_vs_test_table,
)
from tests.studies import deblurring_inputs as given

RUN = Provenance(scale="smoke", digest="0123456789abcdef", seed=7)
FEATURES = "fixed random filters (64 channels, seed 0)"
STUDENT_3 = 4.30265273  # t(0.975, 2), from tables of the distribution


@pytest.fixture(scope="module")
def scored():
    return given.records(given.SMOKE)


def scores(method, values, *, train=None, test=10.0, phantom="", metric="psnr_db"):
    where = {"phantom": phantom} if phantom else {}
    trained = {} if train is None else {"train_snr": train}
    return build_records(
        table="phantoms" if phantom else "train_vs_test_snr", method=method, metric=metric, item=np.arange(len(values)),
        value=values, test_snr=test, **trained, **where,
    )  # fmt: skip


def cell(table, row, column):
    (found,) = [line for line in table.formatted.rows if line[: len(row)] == row]
    return found[len(table.formatted.stub) + table.formatted.columns.index(column)]


def test_every_table_of_the_plan_is_a_whole_one(scored):
    every = [
        train_vs_test_table(scored, FEATURES, RUN),
        network_gain_table(scored, RUN),
        phantoms_table(scored, 10.0, (10.0, 20.0, math.inf), RUN),
        deconvolution_table([given.tuned(method) for method in given.CLASSICAL], RUN),
        training_table(given.trainings(), RUN),
    ]
    assert {table.name for table in every} == set(TABLE_NAMES)
    for table in every:
        text = table.formatted
        assert {len(row) for row in text.rows} == {len(text.stub) + len(text.groups) * len(text.columns)}
        assert table.caption.endswith(RUN.sentence)
        assert "nan" not in markdown(text, table.caption)
        assert len(table.wide) > 0


def test_errors_that_are_best_when_small_are_not_marked_as_best_when_large(scored):
    """Records hold NRMSE too; the table of the phantoms shows metrics of which the highest is the best."""
    worse = scored[scored["metric"] == "ssim"].assign(metric="nrmse")
    table = phantoms_table(concatenate_records([scored, worse]), 10.0, (10.0, 20.0), RUN)
    assert {row[0] for row in table.formatted.rows} == {"PSNR (dB)", "SSIM"}
    assert not any("nrmse" in column for column in table.wide.columns)


def test_the_map_has_a_row_a_network_and_a_column_a_test_snr(scored):
    table = train_vs_test_table(scored, FEATURES, RUN)
    networks = [("Network", "10"), ("Network", "30"), ("Network (retinal scene)", "10")]
    assert [row[:2] for row in table.formatted.rows] == [*((m, "–") for m in given.CLASSICAL), *networks]
    assert table.formatted.columns == ("5", "10", "15", "20", "25", "30", "35", "40", "noise-free")
    assert "n = 1 to 5;" in table.caption and FEATURES in table.caption
    assert any("no number is printed" in note for note in table.formatted.notes)
    own = scored[(scored["table"] == "train_vs_test_snr") & (scored["metric"] == "psnr_db")]
    chosen = own[(own["method"] == "Network") & (own["train_snr"] == 30) & (own["test_snr"] == 20)]
    row = table.wide[(table.wide["method"] == "Network") & (table.wide["train_snr"] == 30)].iloc[0]
    assert row["psnr_db_20"] == pytest.approx(chosen["value"].mean())
    assert row["psnr_db_20_n"] == 5 and row["psnr_db_inf_n"] == 1


def test_cells_are_means_with_intervals_and_the_best_of_a_column_is_marked():
    parts = [
        scores("TV", [20.0, 21.0, 22.0]),
        scores("TV", [25.0], test=math.inf),
        scores("Network", [20.0, 20.0, 26.0], train=5.0),
        scores("Network", [24.0], train=5.0, test=math.inf),
        scores("Network", [90.0], train=5.0, phantom="fork"),
    ]
    table = train_vs_test_table(concatenate_records(parts), FEATURES, RUN)
    half = STUDENT_3 * 1.0 / math.sqrt(3)  # standard deviation of 20, 21, 22 is 1
    assert cell(table, ("TV", "–"), "10") == f"21.00 ± {half:.2f}"
    assert cell(table, ("Network", "5"), "10") == f"22.00 ± {half * math.sqrt(12):.2f} †"
    assert cell(table, ("TV", "–"), "noise-free") == "25.00 †"
    assert cell(table, ("Network", "5"), "noise-free") == "24.00"


def test_gains_are_paired_against_the_best_classical_method_of_each_column():
    """The network is better by 1 dB on average where repetitions differ by tens of dB; another baseline at 20."""
    noise = np.array([0.0, 30.0, 60.0])
    parts = [
        scores("Wiener", noise, test=10.0), scores("TV", noise + 2, test=10.0),
        scores("Wiener", noise + 9, test=20.0), scores("TV", noise + 8, test=20.0),
        scores("Network", noise + 3 + np.array([-0.1, 0, 0.1]), train=5.0, test=10.0),
        scores("Network", noise + 5, train=5.0, test=20.0),
        scores("Network", noise - 1, train=15.0, test=10.0),
        scores("Network (retinal scene)", noise + 10, train=15.0, test=20.0),
    ]  # fmt: skip
    table = network_gain_table(concatenate_records(parts), RUN)
    half = STUDENT_3 * 0.1 / math.sqrt(3)
    assert table.formatted.rows == (
        ("Best classical, PSNR in dB", "–", "TV 32.00", "Wiener 39.00"),
        ("Network", "5", f"+1.00 ± {half:.2f}", "−4.00 ± 0.00"),
        ("Network", "15", "−3.00 ± 0.00", "–"),
        ("Network (retinal scene)", "15", "–", "+1.00 ± 0.00"),
    )
    wide = table.wide
    assert list(wide["psnr_db_10_baseline"].unique()) == ["TV"]
    assert list(wide["psnr_db_20_baseline"].unique()) == ["Wiener"]
    with pytest.raises(InputError, match="found no network or no classical method"):
        network_gain_table(concatenate_records(parts[:4]), RUN)
    with pytest.raises(InputError, match="found no network or no classical method"):
        network_gain_table(concatenate_records(parts[4:]), RUN)


def test_other_phantoms_have_the_network_that_is_named(scored):
    table = phantoms_table(scored, 30.0, (20.0, math.inf), RUN)
    assert table.formatted.groups == ("fork", "background", "unseen scene")
    assert table.formatted.columns == ("20", "noise-free")
    psnr = [row[1:3] for row in table.formatted.rows if row[0] == "PSNR (dB)"]
    assert psnr[-2:] == [("Network", "30"), ("Network (retinal scene)", "10")]
    assert len(table.formatted.rows) == 2 * len(psnr) == 12
    own = scored[(scored["phantom"] == "windows") & (scored["test_snr"] == 20) & (scored["metric"] == "ssim")]
    mean = own[(own["method"] == "Network") & (own["train_snr"] == 30)]["value"].mean()
    (row,) = [row for row in table.formatted.rows if row[:3] == ("SSIM", "Network", "30")]
    assert row[3 + 2 * 2].startswith(f"{mean:.3f} ± ")  # third group, first column
    assert "trained at an SNR of 30" in table.caption
    assert "fork 1 to 5; background 1 to 5; unseen scene 4" in table.caption
    with pytest.raises(InputError, match="found no row of other phantoms"):
        phantoms_table(scored[scored["phantom"] == ""], 30.0, (20.0,), RUN)


def test_the_best_training_snr_is_that_of_the_phantom_that_is_asked():
    parts = [
        scores("Network", [value], train=train, test=test, phantom=phantom)
        for phantom, tops in (("windows", {5.0: 3.0, 15.0: 4.0}), ("", {5.0: 9.0, 15.0: 1.0}))
        for train, value in tops.items()
        for test in (10.0, 20.0)
    ]
    records = concatenate_records(parts)
    assert best_train_snr(records) == 15.0 and best_train_snr(records, "lambda") == 5.0
    with pytest.raises(InputError, match="found no PSNR of Network and phantom 'fork'"):
        best_train_snr(records, "fork")


def test_settings_stand_by_rising_snr_and_those_at_an_edge_are_marked():
    table = deconvolution_table([given.tuned(method) for method in ("TV", "Wiener", "Gridding")], RUN)
    assert [row[0] for row in table.formatted.rows] == ["Gridding"] * 3 + ["Wiener"] * 3 + ["TV"] * 3
    assert table.formatted.rows[0][1:] == ("10", "1", "none", "20.00")
    assert table.formatted.rows[3:6] == (
        ("Wiener", "10", "3", "λ 0.01, q 2", "20.00"),
        ("Wiener", "20", "3", "λ 0.1*, q 2", "20.00"),
        ("Wiener", "noise-free", "3", "λ 0.1*, q 2", "20.00"),
    )
    assert list(table.wide["at_edge"]) == [""] * 4 + ["regularization"] * 2 + ["", "weight", "weight"]
    assert settings_text({"iterations": 30, "step_size": 0.5}) == "30 iterations, step size 0.5"


def test_trainings_have_their_rates():
    table = training_table(given.trainings()[::-1], RUN)
    row = table.wide.iloc[0]
    assert row["minutes"] == pytest.approx(400 * 8 / 25.6 / 60)
    assert table.formatted.rows[0] == (
        "Network", "10", "channels", FEATURES, "11 365 633", "400", "8", "2.1", "25.6", "26.0", "1 600", "400", "15.25",
    )  # fmt: skip
    bare = given.trainings()[0]
    bare["card"] |= {"samples_per_s": None, "best": {}}
    cells = training_table([bare], RUN).formatted.rows[0]
    assert [cells[k] for k in (7, 8, 11, 12)] == ["–"] * 4


def test_records_of_the_phantom_must_be_there(scored):
    with pytest.raises(InputError, match="found no row of table 'train_vs_test_snr'"):
        train_vs_test_table(scored[scored["phantom"] != ""], FEATURES, RUN)
