"""Tuned settings as text: what is best, what the paper has, and where the search ended at its edge."""

import numpy as np
import pytest

from mpipipe.evaluation.settings_table import format_settings, printed_note, settings_frame, settings_text


def tuned(method, tried, best, printed=None, psnr=None, iterations=200, level=20.0):
    candidates = [{"settings": one, "psnr_db": 1.0, "iterations": iterations} for one in tried]
    return {
        "method": method,
        "levels": [
            {
                "snr_db": level,
                "best": tried[best],
                "best_psnr_db": 21.456,
                "printed": printed,
                "printed_psnr_db": psnr,
                "candidates": candidates,
            }
        ],
    }


MU = [{"mu": mu, "scale": scale} for mu in (1.0, 10.0, 100.0) for scale in (1.0, 10.0)]
ART = [{"regularization": value} for value in (1e-4, 1e-2, 1e-1)]


@pytest.fixture(scope="module")
def frame():
    given = {
        "openmpi": [
            tuned("ADMM_L1", MU, 5, {"mu": 10, "iterations": 200}, 19.0),
            tuned("ART", ART, 1, iterations=10),
        ],
        "inhouse": [tuned("ART", ART, 0, iterations=10, level=35.0)],
    }
    return settings_frame(given)


def test_rows_stand_by_calibration_level_and_method(frame):
    assert list(frame["calibration"]) == ["openmpi", "openmpi", "inhouse"]
    assert list(frame["method"]) == ["ART", "ADMM_L1", "ART"]
    assert list(frame["tried"]) == [3, 6, 3]
    assert list(frame["iterations"]) == [10, 200, 10]
    assert frame.loc[1, "mu"] == 100 and np.isnan(frame.loc[0, "mu"])


def test_the_edge_of_a_search_is_named_where_there_are_three_values(frame):
    assert list(frame["at_edge"]) == ["", "mu", "regularization"]  # the scale has two values only


def test_text(frame):
    table = format_settings(frame, {"openmpi": "A", "inhouse": "B"}, ["more"])
    assert table.rows == (
        ("A", "20", "ART", "3", "λ 0.01, 10 iterations", "21.46", "–", "–"),
        (
            "A",
            "20",
            "ADMM_L1",
            "6",
            "μ 100*, σ₁ 10, 200 iterations",
            "21.46",
            "μ 10, 200 iterations",
            "19.00",
        ),
        ("B", "35", "ART", "3", "λ 0.0001*, 10 iterations", "21.46", "–", "–"),
    )
    assert table.notes[-1] == "more" and len(table.columns) * len(table.groups) + len(table.stub) == 8


def test_missing_settings_are_left_out():
    assert settings_text({"mu": 1.0, "tv_share": None, "iterations": float("nan")}) == "μ 1"


def test_what_the_paper_used_for_measured_phantoms():
    note = printed_note("inhouse", "in-house-like")
    for part in (
        "ART λ 0.001, 10 iterations",
        "ADMM_L1TV μ 10, α 0.6, 200 iterations",
        "PP-MPI 70 iterations",
    ):
        assert part in note
    assert "DERnet" not in note
