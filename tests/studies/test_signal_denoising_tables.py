"""Tables of the signal denoising study: known means, differences to the paper, and paired differences."""

import math

import numpy as np
import pytest

from mpipipe.errors import InputError
from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.records import concatenate_records
from mpipipe.evaluation.tables import markdown
from mpipipe.evaluation.vocabulary import METHODS
from mpipipe.studies.signal_denoising_methods import CLASSICAL, KINDS, ROWS
from mpipipe.studies.signal_denoising_plan import TABLE_NAMES
from mpipipe.studies.signal_denoising_settings import filters_table, settings_text, training_table
from mpipipe.studies.signal_denoising_statistics import best_filter
from mpipipe.studies.signal_denoising_tables import ablation_table, gain_table, score_table
from tests.studies import signal_denoising_inputs as given

RUN = Provenance(scale="smoke", digest="0123456789abcdef", seed=7)
STUDENT_3 = 4.30265273  # t(0.975, 2), from tables of the distribution
HALF = STUDENT_3 / math.sqrt(3)  # half width of the interval of three items with the standard deviation 1


@pytest.fixture(scope="module")
def records():
    return given.records()


def row(table, *, method, problem=None):
    place = table.formatted.stub.index("Method" if "Method" in table.formatted.stub else "Network")
    (found,) = [line for line in table.formatted.rows if line[place] == method and problem in (None, line[0])]
    text = table.formatted
    headings = [
        *text.stub,
        *(f"{group}, {column}" for group in text.groups for column in text.columns),
    ]
    return dict(zip(headings, found, strict=True))


def test_every_table_of_the_plan_is_a_whole_one(records):
    every = [
        *(score_table(records, problem, RUN) for problem in given.LEVEL),
        gain_table(records, RUN),
        ablation_table(records, RUN),
        filters_table(given.tuned(), RUN),
        training_table(given.trainings(), RUN),
    ]
    assert [table.name for table in every] == list(TABLE_NAMES)
    for table in every:
        text = table.formatted
        assert {len(line) for line in text.rows} == {len(text.stub) + len(text.groups) * len(text.columns)}
        assert table.caption.endswith(RUN.sentence)
        assert "nan" not in markdown(text, table.caption)
        assert len(table.wide) == len(text.rows) > 0


def test_every_method_of_the_study_has_a_row_and_the_order_is_by_kind(records):
    assert set(ROWS) <= set(METHODS) and len(set(ROWS)) == len(ROWS)
    table = score_table(records, "gaussian", RUN)
    assert tuple(line[1] for line in table.formatted.rows) == ROWS
    assert list(dict.fromkeys(line[0] for line in table.formatted.rows)) == list(KINDS)
    assert {line[1]: line[2] for line in table.formatted.rows if line[2] != "1"} == {"Averaged periods": "2"}


def test_cells_are_means_with_intervals_beside_the_paper_and_the_best_is_marked():
    parts = [
        given.scores("gaussian", "Noisy", [4.0, 5.0, 6.0]),
        given.scores("gaussian", "Proposed", [20.0, 21.0, 22.0]),
        given.scores("gaussian", "Wiener (subspace)", [26.0, 26.0, 26.0]),
        given.scores("gaussian", "Noisy", [100.0, 101.0, 102.0], metric="rmse"),
        given.scores("gaussian", "Proposed", [10.0, 11.0, 12.0], metric="rmse"),
        given.scores("gaussian", "Wiener (subspace)", [6.0, 6.0, 6.0], metric="rmse"),
        given.scores("gaussian", "Proposed", [0.9, 0.9], metric="ssim_global"),
        given.scores("gaussian", "Proposed", [0.8, 0.8], metric="ssim"),
        given.scores("gaussian", "Proposed", [30.0, 31.0], metric="psnr_db"),
    ]
    table = score_table(concatenate_records(parts), "gaussian", RUN)
    assert table.formatted.columns == (
        "SNR (dB)", "SNR, paper", "SNR, difference", "RMSE (m²/s)", "RMSE, paper", "SSIM (eq. 10)", "SSIM, paper",
        "SSIM, difference", "SSIM (7-wide windows)", "PSNR (dB)", "PSNR, paper", "PSNR, difference",
    )  # fmt: skip
    found = row(table, method="Proposed")
    assert found["Test set, SNR (dB)"] == f"21.00 ± {HALF:.2f}"
    assert (found["Test set, SNR, paper"], found["Test set, SNR, difference"]) == ("20.97", "+0.03")
    assert found["Test set, RMSE (m²/s)"] == f"11 ± {HALF:.2g}"
    assert found["Test set, RMSE, paper"] == "20.95"
    assert found["Test set, SSIM, difference"] == "−0.050"  # 0.9 by equation 10 against the printed 0.95
    assert found["Test set, SSIM (7-wide windows)"].startswith("0.800")
    assert found["Test set, PSNR, difference"] == "−1.16"
    assert found["n"] == "3 / 2"
    best = row(table, method="Wiener (subspace)")
    assert best["Test set, SNR (dB)"] == "26.00 ± 0.00 †" and best["Test set, RMSE (m²/s)"] == "6 ± 0 †"
    assert (
        best["Test set, SNR, paper"]
        == best["Test set, PSNR (dB)"]
        == best["Test set, SNR, difference"]
        == "–"
    )
    wide = table.wide.set_index("method")
    assert wide.loc["Proposed", "snr_db_difference"] == pytest.approx(0.03)
    assert wide.loc["Proposed", "psnr_db_n"] == 2 and wide.loc["Noisy", "psnr_db_n"] == 0
    assert wide.loc["Noisy", "snr_db_status"] == "printed"
    assert "rmse_difference" not in wide.columns and set(wide["nominal_snr_db"]) == {5.0}


def test_notes_say_what_numbers_can_be_compared(records):
    notes = "\n".join(score_table(records, "harmonic", RUN).formatted.notes)
    assert "4.59 dB" in notes and "6.20 dB" in notes
    assert "compare SNR" in notes and "40.09 dB" in notes and "equation 10" in notes
    assert 10 * math.log10(101 * 101) == pytest.approx(40.09, abs=0.005)
    assert -10 * math.log10(10**-1.5 + 10**-0.5) == pytest.approx(4.59, abs=0.005)


def test_signals_and_images_of_the_system_matrix_are_counted_apart(records):
    table = score_table(records, "system_matrix", RUN)
    assert {line[3] for line in table.formatted.rows} == {"6 / 3"}
    assert "test positions, of SNR and RMSE / test phantoms" in table.caption


def test_a_smoke_run_of_few_methods_has_tables_too():
    few = given.records(given.SMOKE, ("gaussian",))
    table = score_table(few, "gaussian", RUN)
    assert [line[1] for line in table.formatted.rows] == ["Noisy", "Proposed", "Wiener"]
    only = few[few["metric"] == "snr_db"]
    assert score_table(only, "gaussian", RUN).formatted.columns == (
        "SNR (dB)",
        "SNR, paper",
        "SNR, difference",
    )
    assert len(gain_table(few, RUN).formatted.rows) == 1
    with pytest.raises(InputError, match="found no Proposed beside an ablation of it"):
        ablation_table(few, RUN)
    with pytest.raises(InputError, match="found no row of table 'harmonic'"):
        score_table(few, "harmonic", RUN)
    with pytest.raises(InputError, match="found 2 nominal SNRs"):
        score_table(concatenate_records([few, few.assign(snr_db=10.0)]), "gaussian", RUN)


def test_gains_are_paired_against_the_best_filter_of_one_period():
    """Items differ by tens of dB, the network is 1 dB better; the mean of two periods is no baseline."""
    noise = np.array([0.0, 30.0, 60.0])
    parts = [
        given.scores("gaussian", "Wiener", noise + 1),
        given.scores("gaussian", "Wiener (folded)", noise + 2),
        given.scores("gaussian", "Averaged periods", noise + 50),
        given.scores("gaussian", "Proposed", noise + 3 + np.array([-1.0, 0.0, 1.0])),
        given.scores("gaussian", "Wiener (folded)", noise, metric="psnr_db"),
        given.scores("gaussian", "Proposed", noise - 4, metric="psnr_db"),
        given.scores("harmonic", "Wiener", noise),
        given.scores("harmonic", "R2R", noise - 2),
        given.scores("system_matrix", "Noisy", noise),
    ]
    records = concatenate_records(parts)
    table = gain_table(records, RUN)
    assert table.formatted.rows == (
        (
            "Gaussian noise",
            "Wiener (folded)",
            "32.00",
            "Proposed",
            "3",
            f"+1.00 ± {HALF:.2f}",
            "−4.00 ± 0.00",
        ),
        ("Gaussian noise and interference", "Wiener", "30.00", "R2R", "3", "−2.00 ± 0.00", "–"),
    )
    assert "chosen on these same test signals, which is in its favour" in table.caption
    assert best_filter(records[records["table"] == "system_matrix"]) is None
    assert "Averaged periods" not in CLASSICAL
    with pytest.raises(InputError, match="found no network beside a classical filter"):
        gain_table(records[records["method"] != "Proposed"].query("table == 'gaussian'"), RUN)


def test_priors_are_judged_by_paired_differences_of_the_same_items():
    hard = np.array([0.0, 30.0, 60.0])
    parts = [
        given.scores("gaussian", "Proposed", hard + 2),
        given.scores("gaussian", "Proposed (no priors)", hard + np.array([-1.0, 0.0, 1.0])),
        given.scores("gaussian", "Proposed (no smoothness)", hard + 3),
        given.scores("harmonic", "Proposed", hard),
    ]
    table = ablation_table(concatenate_records(parts), RUN, alpha=0.2, beta=0.3)
    found = [
        (line["α, β"], line["SNR (dB), mean"].split(" ")[0], line["SNR (dB), Proposed minus it"])
        for line in (row(table, method=name) for name in table.wide["method"])
    ]
    assert found == [
        ("0.2, 0.3", "32.00", "–"),
        ("0, 0", "30.00", f"+2.00 ± {HALF:.2f}"),
        ("0.2, 0", "33.00", "−1.00 ± 0.00"),
    ]
    assert set(table.wide["table"]) == {"gaussian"}
    assert row(table, method="Proposed")["PSNR (dB), mean"] == "–"
    assert "α = 0.2" in table.caption and "β = 0.3" in table.caption


def test_trainings_of_one_network_count_as_their_mean():
    parts = [given.scores("gaussian", "Proposed", [20.0, 22.0], repeat=0)]
    parts += [given.scores("gaussian", "Proposed", [24.0, 26.0], repeat=1)]
    found = row(score_table(concatenate_records(parts), "gaussian", RUN), method="Proposed")
    assert found["n"] == "2" and found["Test set, SNR (dB)"].startswith("23.00 ±")


def test_settings_at_the_edge_of_what_was_tried_have_an_asterisk():
    table = filters_table(given.tuned(), RUN)
    assert table.formatted.rows[:3] == (
        ("Gaussian noise", "Folded period", "none", "0.30000"),
        ("Gaussian noise", "Wavelets", "wavelet sym8, level 4, fold yes", "0.30000"),
        ("Gaussian noise", "Wiener (subspace)", "noise factor 1.5, rank 300*", "0.30000"),
    )
    assert table.wide["at_edge"].tolist() == ["", "", "rank"] * 2
    assert settings_text({"fold": False, "factor": 1e-3}) == "fold no, factor 0.001"


def test_trainings_stand_in_order_with_what_they_cost():
    table = training_table(given.trainings(), RUN)
    assert [line[1] for line in table.formatted.rows[:3]] == ["N2N", "R2R", "Proposed"]
    assert table.formatted.rows[0][2:] == ("1 234 567", "300", "4", "0.0001", "55.2", "200", "0.25000")
    unvalidated = given.training("gaussian", "N2N")
    unvalidated["card"] |= {"best": {}, "samples_per_s": None}
    assert training_table([unvalidated], RUN).formatted.rows[0][-3:] == ("–", "–", "–")
