"""Localisation on simulated sessions whose shift, gain and positions are known, and its table and figure."""

from dataclasses import replace

import numpy as np
import pytest

from mpipipe.errors import InputError
from mpipipe.evaluation.captions import Provenance
from mpipipe.evaluation.confusion_figure import ConfusionMatrix, confusion_figure
from mpipipe.signals.line_session import LineSession
from mpipipe.studies.localisation import (
    ALIGNMENTS,
    MATCHED,
    NETWORK,
    NNLS,
    Localised,
    Setting,
    background_shift,
    brier,
    choose_setting,
    localise_by_best_column,
    localise_by_least_squares,
    localise_by_network,
    localise_sessions,
    session_repeatability,
)
from mpipipe.studies.localisation_results import confusion, localisation_figure, localisation_table

COUNT, POSITIONS = 152, 9
POSITION_MM = 10.0 * (np.arange(POSITIONS) - 4)
RUN = Provenance(scale="measured", digest="0" * 16, seed=1)
METHODS = {
    NETWORK: (localise_by_network, [Setting(8, 32)]),
    NNLS: (localise_by_least_squares, [Setting(8), Setting(20)]),
    MATCHED: (localise_by_best_column, [Setting(8)]),
}


def simulate(seed: int, *, shift: int = 0, gain: float = 1.0) -> LineSession:
    """Blocks of a sample in a gradient and a cosine drive: the time derivative of a Langevin curve, feedthrough and noise."""
    rng = np.random.default_rng(seed)
    phase = 2 * np.pi * np.arange(COUNT) / COUNT
    field = 20 * np.cos(phase) + 0.3 * (POSITION_MM[:, None] - 3)  # in units in which the curve bends at 3
    magnetisation = 1 / np.tanh(field) - 1 / field
    derivative = np.fft.irfft(1j * np.arange(77) * np.fft.rfft(magnetisation, axis=-1), COUNT, axis=-1)
    feedthrough = 50 * np.sin(phase + 0.3) + 5 * np.cos(3 * phase)
    gains = gain * np.array([0.8, 1.0, 1.2])
    clean = np.concatenate([np.zeros((3, 1, COUNT)), gains[:, None, None] * derivative], axis=1) + feedthrough
    rows = np.roll(clean + 0.01 * rng.standard_normal(clean.shape), shift, axis=-1)
    return LineSession(rows[:, 0], rows[:, 1:], np.ones((3, POSITIONS), bool), POSITION_MM)


@pytest.fixture(scope="module")
def train() -> LineSession:
    return simulate(0)


def found_of(train: LineSession, test: LineSession) -> dict[tuple[str, str], Localised]:
    return {(one.method, one.alignment): one for one in localise_sessions(train, test, 7, METHODS)}


def test_sessions_of_one_trigger(train: LineSession) -> None:
    test = simulate(1, gain=1.3)
    assert background_shift(train, test) == 0
    for one in found_of(train, test).values():
        assert one.images.shape == (27, POSITIONS) and (one.images >= 0).all()
        np.testing.assert_allclose(one.images.sum(axis=1), 1)
        assert (one.images.argmax(axis=1) == one.truth).all(), (one.method, one.alignment)


def test_another_trigger_is_no_matter_to_rows_on_their_own(train: LineSession) -> None:
    here, there = found_of(train, simulate(1)), found_of(train, simulate(1, shift=40))
    assert background_shift(train, simulate(1, shift=40)) == -40
    for method in METHODS:
        np.testing.assert_allclose(there[method, "row"].images, here[method, "row"].images, atol=1e-5)
        # The feedthrough moves with the signal here, so the backgrounds tell the shift.
        np.testing.assert_allclose(
            there[method, "background"].images, here[method, "background"].images, atol=1e-5
        )
        wrong = there[method, "recorded"]
        assert (wrong.images.argmax(axis=1) == wrong.truth).mean() < 0.5


def test_what_is_chosen_and_learned_does_not_know_the_test_rows(train: LineSession) -> None:
    test = simulate(1)
    other = replace(test, signals=test.signals.copy())
    other.signals[0] = test.signals[0, ::-1]
    here, there = found_of(train, test), found_of(train, other)
    for key, one in here.items():
        assert (one.setting, one.held_out) == (there[key].setting, there[key].held_out)
        np.testing.assert_allclose(there[key].images[POSITIONS:], one.images[POSITIONS:], atol=1e-6)
        np.testing.assert_allclose(there[key].images[:POSITIONS], one.images[:POSITIONS][::-1], atol=1e-6)


def test_two_samples_are_two_shares_of_least_squares(train: LineSession) -> None:
    test = simulate(1)
    both = replace(test, signals=test.signals.copy())
    both.signals[:, 0] = test.signals[:, 1] + 2 * test.signals[:, 6] - 2 * test.background
    expected = np.zeros(POSITIONS)
    expected[[1, 6]] = 1 / 3, 2 / 3
    found = localise_by_least_squares(train, both, "recorded", Setting(20), 0)[:, 0]
    np.testing.assert_allclose(found, np.broadcast_to(expected, found.shape), atol=0.05)
    single = localise_by_best_column(train, both, "recorded", Setting(20), 0)[:, 0]
    assert (single.argmax(axis=1) == 6).all() and set(single.ravel()) == {0.0, 1.0}


def test_corrupt_rows_are_left_out_of_the_test_and_refused_in_training(train: LineSession) -> None:
    test = simulate(1)
    marked = replace(test, usable=test.usable.copy())
    marked.usable[2, 8] = False
    only = {MATCHED: METHODS[MATCHED]}
    found = localise_sessions(train, marked, 0, only)[0]
    assert len(found.truth) == 26 and found.truth.tolist() == [*range(9), *range(9), *range(8)]
    with pytest.raises(InputError, match="train: found 3 blocks, 1 rows not usable"):
        localise_sessions(marked, test, 0, only)
    with pytest.raises(InputError, match="train: found 2 blocks"):
        localise_sessions(train.blocks([0, 1]), test, 0, only)
    with pytest.raises(InputError, match="test: found"):
        localise_sessions(train, replace(test, position_mm=POSITION_MM + 1), 0, only)


def test_the_setting_with_the_best_held_out_blocks_is_chosen(train: LineSession) -> None:
    asked = []

    def find(train_, test_, alignment, setting, seed):
        asked.append((len(train_.signals), test_.signals.tobytes(), setting.highest_order))
        share = {4: 0.5, 6: 0.9, 8: 0.9}[setting.highest_order]
        return (share * np.eye(POSITIONS) + (1 - share) / POSITIONS)[None]

    setting, score = choose_setting(train, find, [Setting(4), Setting(6), Setting(8)], "row", 0)
    assert setting == Setting(6)
    assert score == pytest.approx((0.1 * 8 / 9) ** 2 + 8 * (0.1 / 9) ** 2)
    assert [(n, order) for n, _, order in asked] == [(2, order) for order in (4, 6, 8) for _ in range(3)]
    assert {block for _, block, _ in asked} == {block.tobytes() for block in train.signals}


def test_brier_scores() -> None:
    truth = np.array([0, 2])
    assert brier(np.eye(3)[truth], truth) == 0
    assert brier(np.eye(3)[[1, 1]], truth) == 2
    assert brier(np.full((2, 3), 1 / 3), truth) == pytest.approx(2 / 3)


def made(correct: int, method: str = NETWORK, alignment: str = "row") -> Localised:
    """26 rows, the first ones found, the others one position too far."""
    truth = np.arange(26) % POSITIONS
    wrong = np.where(truth < 8, truth + 1, truth - 1)
    guess = np.where(np.arange(26) < correct, truth, wrong)
    return Localised(method, alignment, Setting(6, 16), 0.1, truth, np.eye(POSITIONS)[guess])


def test_the_table_has_exact_intervals_and_errors_in_mm(train: LineSession) -> None:
    repeats = session_repeatability(train)
    table = localisation_table([made(26), made(13, NNLS)], POSITION_MM, repeats, 2.0, RUN)
    wide = table.wide.set_index("method")
    assert list(wide["n"]) == [26, 26] and list(wide["correct"]) == [26, 13]
    # All right: the lower end solves pⁿ = 0.025. Half right: the interval is symmetric about a half.
    assert wide.loc[NETWORK, "accuracy_low"] == pytest.approx(0.025 ** (1 / 26))
    assert wide.loc[NETWORK, "accuracy_high"] == 1
    assert wide.loc[NNLS, "accuracy_low"] + wide.loc[NNLS, "accuracy_high"] == pytest.approx(1)
    assert wide.loc[NETWORK, "chance"] == pytest.approx(1 / 9)
    assert list(wide["mean_error_mm"]) == [0, 5] and list(wide["mean_centre_error_mm"]) == [0, 5]
    assert "26 of 26" in table.formatted.rows[0] and "n = 26 rows" in table.caption


def test_the_confusion_matrix_counts_rows() -> None:
    counts = confusion(made(20))
    assert counts.sum() == 26 and np.trace(counts) == 20
    np.testing.assert_array_equal(counts.sum(axis=1), np.bincount(np.arange(26) % 9))
    assert counts[2, 3] == 1 and counts[8, 7] == 0


def test_the_figure_has_axes_in_mm_and_a_colour_bar() -> None:
    found = [made(26 - 2 * n, method, one) for n, one in enumerate(ALIGNMENTS) for method in METHODS]
    figure = localisation_figure(found, POSITION_MM, RUN).figure
    *panels, bar = figure.axes
    assert len(panels) == 9 and bar.get_ylabel() == "measured rows"
    assert (
        panels[6].get_xlabel() == "true position (mm)" and panels[6].get_ylabel() == "estimated position (mm)"
    )
    for axes, one in zip(panels, found, strict=True):
        image = axes.images[0]
        assert image.get_extent() == [-45, 45, -45, 45] and image.origin == "lower"
        np.testing.assert_array_equal(np.asarray(image.get_array()), confusion(one).T)
    with pytest.raises(InputError, match="matrices: found none"):
        confusion_figure([], POSITION_MM, RUN, columns=3)
    with pytest.raises(InputError, match=r"'a' of shape \(2, 2\), expected \(9, 9\)"):
        confusion_figure([ConfusionMatrix("a", np.eye(2, dtype=int))], POSITION_MM, RUN, columns=3)
