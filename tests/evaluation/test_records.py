import numpy as np
import pandas as pd
import pytest

from mpipipe.errors import InputError
from mpipipe.evaluation.records import (
    COLUMNS,
    CONDITIONS,
    applying,
    build_records,
    concatenate_records,
    validate_records,
    with_pooled,
)
from mpipipe.evaluation.vocabulary import CONDITION_LABELS

GOOD = {"table": "denoising", "method": "DnCNN", "metric": "psnr_db", "item": 3, "value": [30.0, 31.0]}


def test_columns_and_dtypes_are_fixed():
    records = build_records(**GOOD, sigma=0.1, dimension="2D", factor=2)
    assert {name: str(dtype) for name, dtype in records.dtypes.items()} == COLUMNS
    assert list(records["item"]) == [3, 3]
    assert records.loc[0, "size_bin"] == ""
    assert np.isnan(records.loc[0, "snr_db"])
    assert records.loc[0, "hidden_units"] is pd.NA
    assert applying(records.iloc[0].to_dict()) == {"dimension": "2D", "sigma": 0.1, "factor": 2}


def test_every_condition_has_a_label():
    assert list(CONDITION_LABELS) == list(CONDITIONS)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"method": "DnCN"}, "method: found 'DnCN'"),
        ({"metric": "psnr"}, "metric: found 'psnr'"),
        ({"table": "denoise"}, "table: found 'denoise'"),
        ({"sigmas": 0.1}, "column: found 'sigmas'"),
        ({"value": [1.0, float("nan")]}, "value: found NaN in row 1"),
        ({"item": [1, 2, 3]}, "item: found 3 items"),
        ({"factor": "two"}, "factor: found two"),
        ({"dimension": 2}, "dimension: found 2, expected text"),
    ],
)
def test_mistakes_are_one_clear_line(change, message):
    with pytest.raises(InputError, match=message):
        build_records(**(GOOD | change))


def test_missing_columns_are_named():
    with pytest.raises(InputError, match="found no column 'method'"):
        validate_records(build_records(**GOOD).drop(columns="method"))
    with pytest.raises(InputError, match="found no parts"):
        concatenate_records([])


def test_concatenation_does_not_depend_on_the_order_of_parts(records):
    groups = [part for _, part in records.groupby(["method", "metric", "sigma"])]
    again = concatenate_records(groups[::-1])
    pd.testing.assert_frame_equal(again, records)
    assert list(records["sigma"].unique()) == [0.06, 0.1]
    assert records.equals(concatenate_records([records]))


def test_records_survive_parquet(records, tmp_path):
    path = tmp_path / "metrics.parquet"
    records.to_parquet(path, index=False)
    pd.testing.assert_frame_equal(validate_records(pd.read_parquet(path)), records)


def test_pooled_rows_are_a_second_copy_and_stand_last():
    common = GOOD | {"table": "inpainting", "method": "Biharmonic"}
    small = build_records(**common, size_bin="[12,18]")
    large = build_records(**common, size_bin="(24,30]")
    pooled = with_pooled(concatenate_records([large, small]), "size_bin")
    assert sorted(pooled["size_bin"].unique()) == ["(24,30]", "[12,18]", "all"]
    assert list(pooled["size_bin"])[-4:] == ["all"] * 4
    pd.testing.assert_frame_equal(with_pooled(pooled, "size_bin").query("size_bin != 'all'"), pooled.iloc[:4])
