"""Tables of the inversion study: errors beside the printed ones, sweeps of one condition, and what was written of trainings."""

import math

import numpy as np
import pytest

from mpipipe.errors import InputError
from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.records import concatenate_records
from mpipipe.evaluation.tables import markdown
from mpipipe.studies.inversion_methods import (
    LINEAR,
    MULTI,
    NORMALISATIONS,
    SINGLE,
    Training,
    inputs_sentence,
    sweep,
)
from mpipipe.studies.inversion_regularised import regularised_table
from mpipipe.studies.inversion_settings import (
    chebyshev_table,
    leading_columns,
    normalisation_table,
    training_table,
)
from mpipipe.studies.inversion_tables import SWEEPS, mse_table, sweep_table
from tests.studies import inversion_inputs as given

RUN = Provenance(scale="smoke", digest="0123456789abcdef", seed=7)
STUDENT_3 = 4.30265273  # t(0.975, 2), from tables of the distribution
HALF = STUDENT_3 / math.sqrt(3)  # half width of the interval of three items with the standard deviation 1
TRIED = [
    {"normalisation": "sample_max", "method": SINGLE, "optimiser": "SGD", "mse": 4.8e-3, "epochs": 200},
    {"normalisation": "feature_scale", "method": SINGLE, "optimiser": "SGD", "mse": 0.16, "epochs": 200},
    {"normalisation": "feature_scale", "method": SINGLE, "optimiser": "Adam", "mse": 1e-5, "epochs": 60},
    {"normalisation": "global_scale", "method": SINGLE, "optimiser": "SGD", "mse": None, "epochs": 200},
    {
        "normalisation": "feature_scale",
        "method": MULTI,
        "optimiser": "Adam",
        "mse": 2e-6,
        "hidden_units": 200,
    },
]


def headings(table):
    text = table.formatted
    return [*text.stub, *(f"{group}, {column}" for group in text.groups for column in text.columns)]


def lines(table):
    return [dict(zip(headings(table), row, strict=True)) for row in table.formatted.rows]


def test_every_table_is_a_whole_one():
    records = concatenate_records([given.records(), given.comparisons()])
    every = [
        mse_table(records, given.NORMALISATION, RUN),
        *(sweep_table(records, name, given.NORMALISATION, RUN) for name in SWEEPS),
        regularised_table(records, RUN),
        normalisation_table(TRIED, RUN),
        chebyshev_table(given.columns().similarity, RUN),
        training_table([(one, given.card()) for one in given.trainings()], given.NORMALISATION, RUN),
    ]
    assert [table.name for table in every] == [
        "mse", "sizes", "diameters", "hidden_units", "regularised", "normalisation", "chebyshev", "training",
    ]  # fmt: skip
    for table in every:
        text = table.formatted
        assert {len(row) for row in text.rows} == {len(text.stub) + len(text.groups) * len(text.columns)}
        assert table.caption.endswith(RUN.sentence)
        assert "nan" not in markdown(text, table.caption) and "  " not in table.caption
        assert len(table.wide) == len(text.rows) > 0


def test_printed_errors_stand_first_beside_ours_with_the_ratio():
    """The paper prints 7.16e-5 and 7.23e-5 for the single layer, 8.17e-7 and 1.77e-6 for 200 hidden units."""
    single, other = Training(SINGLE, "SGD", 40.0, 30000, 0), Training(SINGLE, "SGD", 35.0, 30000, 0)
    multi = Training(MULTI, "Adam", 40.0, 30000, 200)
    records = concatenate_records(
        [
            given.errors(single, test=[6.23e-5, 7.23e-5, 8.23e-5], train=14.32e-5),
            given.errors(multi, test=[1.77e-7] * 3, train=8.17e-9),
            given.errors(other, test=[1e-3, 1e-3]),
        ]
    )
    table = mse_table(records, given.NORMALISATION, RUN)
    assert table.formatted.columns == ("paper", "SGD", "SGD ÷ paper", "Adam", "Adam ÷ paper")
    rows = lines(table)
    found = [(row["Method"], row["Hidden units"], row["Training scenes"]) for row in rows]
    assert found == [
        (SINGLE, "–", "30000"), (SINGLE, "–", "700"), (MULTI, "200", "30000"), (MULTI, "123", "30000"), (SINGLE, "–", "30000"),
    ]  # fmt: skip
    first, empty, second, _, further = rows
    assert first["Training MSE, paper"] == "7.16e−05" and first["Training MSE, SGD"] == "1.43e−04"
    assert first["Training MSE, SGD ÷ paper"] == "2" and first["Training MSE, Adam"] == "–"
    assert first["Test MSE, SGD"] == f"7.23e−05 ± {HALF * 1e-5:.1e}".replace("-", "−")
    assert first["Test MSE, SGD ÷ paper"] == "1"
    assert empty["Test MSE, paper"] == "5.69e−03" and empty["Test MSE, SGD"] == "–"
    assert empty["Training MSE, paper"] == "–"
    assert second["Test MSE, Adam ÷ paper"] == "0.1" and second["Training MSE, Adam ÷ paper"] == "0.01"
    assert further["Diameter (nm)"] == "35" and further["Test MSE, paper"] == "–"
    assert further["Test MSE, SGD ÷ paper"] == "–" and further["Training MSE, SGD"] == "–"
    wide = table.wide
    assert wide["test_status"].tolist() == ["printed", "printed", "printed", "printed", "not_in_paper"]
    assert wide["test_sgd_ratio"][0] == pytest.approx(1.0) and wide["test_sgd_n"].tolist() == [3, 0, 0, 0, 2]
    assert "n = 2 to 3" in table.caption and "feature_scale" in table.caption


def test_the_normalisation_is_named_once_for_optimisers_that_share_it():
    shared = inputs_sentence({"Adam": "feature_scale", "SGD": "feature_scale"})
    assert shared.count("feature_scale") == 1 and "SGD and Adam: feature_scale" in shared
    differing = inputs_sentence({"Adam": "feature_scale", "SGD": "sample_max"})
    assert "SGD: sample_max (each spectrum over its largest modulus); Adam: feature_scale" in differing
    with pytest.raises(InputError, match="normalisation: SGD: found 'unit'"):
        inputs_sentence({"SGD": "unit"})


def test_a_sweep_varies_one_condition_and_leaves_single_trainings_out():
    found = sweep(given.trainings(), "n_train")
    assert list(found) == ["Single-layer, SGD", "Single-layer, Adam"]
    assert [one.n_train for one in found["Single-layer, SGD"]] == list(given.SIZES)
    by_diameter = sweep(given.trainings(), "diameter_nm")
    assert list(by_diameter) == [
        "Single-layer, SGD", "Single-layer, Adam", "Multi-layer, 200 units, SGD", "Multi-layer, 200 units, Adam",
    ]  # fmt: skip
    assert {one.n_train for own in by_diameter.values() for one in own} == {30000}
    by_units = sweep(given.trainings(), "hidden_units")
    assert [one.hidden_units for one in by_units["Multi-layer, Adam"]] == list(given.UNITS)
    assert {one.diameter_nm for own in by_units.values() for one in own} == {40.0}


def test_of_a_smoke_run_single_trainings_are_shown():
    one = Training(SINGLE, "Adam", 40.0, 200, 0)
    assert sweep([one], "n_train") == {"Single-layer, Adam": [one]}
    assert sweep([one, one._replace(method=LINEAR)], "diameter_nm") == {
        "Single-layer, Adam": [one],
        "Single-layer (linear), Adam": [one._replace(method=LINEAR)],
    }
    with pytest.raises(InputError, match="found none among 1 that vary hidden_units, expected some at 40 nm"):
        sweep([one], "hidden_units")
    with pytest.raises(InputError, match="found none among 1 that vary n_train, expected some at 30 nm"):
        sweep([one], "n_train", diameter_nm=30.0)


def test_sweeps_have_a_column_for_each_network_and_split():
    big, small = Training(SINGLE, "SGD", 40.0, 30000, 0), Training(SINGLE, "SGD", 40.0, 700, 0)
    modern = small._replace(optimiser="Adam"), big._replace(optimiser="Adam")
    records = concatenate_records(
        [
            given.errors(big, test=[2e-4, 3e-4, 4e-4], train=1e-4),
            given.errors(small, test=[2e-2] * 3),
            given.errors(modern[0], train=5e-3),
            given.errors(modern[1], test=[1e-6] * 3, train=1e-7),
        ]
    )
    table = sweep_table(records, "sizes", given.NORMALISATION, RUN)
    assert headings(table)[1:] == [
        "Single-layer, SGD, training", "Single-layer, SGD, test", "Single-layer, Adam, training", "Single-layer, Adam, test",
    ]  # fmt: skip
    half = f"{HALF * 1e-4:.1e}".replace("-", "−")
    assert table.formatted.rows == (
        ("700", "–", "2.00e−02 ± 0.0e+00", "5.00e−03", "–"),
        ("30000", "1.00e−04", f"3.00e−04 ± {half}", "1.00e−07", "1.00e−06 ± 0.0e+00"),
    )
    assert table.wide["n_train"].tolist() == [700, 30000]
    assert table.wide["single-layer-sgd_test"].tolist() == pytest.approx([2e-2, 3e-4])
    assert "at 40 nm" in table.caption
    with pytest.raises(InputError, match="sweep: found 'batches'"):
        sweep_table(records, "batches", given.NORMALISATION, RUN)


def test_records_without_a_condition_are_refused():
    records = given.records([Training(SINGLE, "SGD", 40.0, 700, 0)])
    for column, empty in (("diameter_nm", np.nan), ("optimiser", ""), ("split", "")):
        with pytest.raises(InputError, match=f"records: {column}: found"):
            mse_table(records.assign(**{column: empty}), given.NORMALISATION, RUN)
    with pytest.raises(InputError, match="found no MSE of table 'mse'"):
        mse_table(given.comparisons(), given.NORMALISATION, RUN)


def test_the_best_method_is_marked_by_diameter_and_noise_level():
    parts = [
        given.regularised("Tikhonov", [1e-3, 2e-3, 3e-3], snr_db=20.0),
        given.regularised("Multi-layer", [4e-3, 5e-3, 6e-3], snr_db=20.0),
        given.regularised("Tikhonov", [2e-6, 2e-6]),
        given.regularised("Multi-layer", [1e-6, 1e-6]),
        given.regularised("Truncated SVD", [0.1, 0.1], diameter_nm=20.0),
        given.regularised("Multi-layer", [9.0], split="train"),
    ]
    table = regularised_table(concatenate_records(parts), RUN, note="Tuned on other scenes.")
    assert table.formatted.columns == ("SNR 20 dB", "noise-free")
    half = f"{HALF * 1e-3:.1e}".replace("-", "−")
    assert table.formatted.rows == (
        ("20", "Truncated SVD", "–", "1.00e−01 ± 0.0e+00 †"),
        ("40", "Multi-layer", f"5.00e−03 ± {half}", "1.00e−06 ± 0.0e+00 †"),
        ("40", "Tikhonov", f"2.00e−03 ± {half} †", "2.00e−06 ± 0.0e+00"),
    )
    assert table.wide["mse_inf_n"].tolist() == [2, 2, 2] and table.wide["mse_20_n"].tolist() == [0, 3, 3]
    assert "Tuned on other scenes." in table.caption and "n = 2 to 3" in table.caption
    twice = [given.regularised("Tikhonov", [1e-3]).assign(n_train=n) for n in (10, 20)]
    with pytest.raises(InputError, match="found two rows of Tikhonov at 40 nm, noise-free, expected one"):
        regularised_table(concatenate_records(twice), RUN)


def test_normalisations_stand_in_rows_and_trainings_in_columns():
    table = normalisation_table(TRIED, RUN)
    assert table.formatted.columns == (
        "Single-layer, SGD",
        "Single-layer, Adam",
        "Multi-layer, 200 units, Adam",
    )
    assert table.formatted.rows == (
        ("feature_scale", NORMALISATIONS["feature_scale"], "1.60e−01", "1.00e−05 †", "2.00e−06 †"),
        ("sample_max", NORMALISATIONS["sample_max"], "4.80e−03 †", "–", "–"),
        ("global_scale", NORMALISATIONS["global_scale"], "–", "–", "–"),
    )
    assert table.wide["single-layer-adam"].tolist()[0] == 1e-5
    assert "Epochs: SGD 200, Adam 60." in table.caption
    with pytest.raises(InputError, match="found sample_max with Single-layer, SGD twice"):
        normalisation_table([TRIED[0], TRIED[0]], RUN)
    with pytest.raises(InputError, match="tried: found none"):
        normalisation_table([], RUN)


def test_columns_are_counted_up_to_the_first_that_differs():
    """Of 60 columns the 11th falls to 0.5, and from the 56th on all are at 0.9."""
    similarity = np.full(60, 0.99)
    similarity[10], similarity[55:] = 0.5, 0.9
    assert leading_columns(similarity) == 10 and leading_columns(np.ones(4)) == 4
    assert leading_columns(np.zeros(3)) == 0
    table = chebyshev_table({"40 nm": similarity, "short": np.array([0.96, 0.98])}, RUN)
    assert table.formatted.rows == (
        ("40 nm", "60", "0.500", "0.990", "10", "54"),
        ("short", "2", "0.960", "0.970", "2", "2"),
    )
    assert "central 80 % of the field" in table.caption
    with pytest.raises(InputError, match="similarity: found none or one without columns"):
        chebyshev_table({"40 nm": np.array([])}, RUN)


def test_trainings_stand_in_order_and_what_is_not_known_is_left_open():
    pairs = [
        (Training(MULTI, "Adam", 40.0, 30000, 200), given.card()),
        (Training(SINGLE, "SGD", 40.0, 700, 0), {}),
    ]
    table = training_table(pairs, given.NORMALISATION, RUN)
    assert table.formatted.rows == (
        (SINGLE, "SGD", "–", "40", "700", *["–"] * 7),
        (MULTI, "Adam", "200", "40", "30000", "25 800", "100", "0.001", "60", "58", "1.30e−05", "12.3"),
    )
    assert any(note.startswith("SGD:") for note in table.formatted.notes)
    assert training_table(pairs[:1], {"Adam": "feature_scale"}, RUN).formatted.notes == ()
    with pytest.raises(InputError, match="trainings: found none"):
        training_table([], given.NORMALISATION, RUN)
