import json

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from mpipipe.config.baseline import BaselineConfig
from mpipipe.config.restoration import ObservationConfig
from mpipipe.restoration.biharmonic import inpaint
from mpipipe.restoration.classical import CLASSICAL, DctFilter
from mpipipe.restoration.dct import dct_filter
from mpipipe.restoration.splines import SplineInterpolation
from mpipipe.training.components import choose_components, observe_groups, psnr_db, strongest_components
from mpipipe.training.tuning import classical_restorer, tune_at, tune_classical
from tests.training.waves import WaveSource

CONFIG = BaselineConfig(sigmas=(0.1, 0.3), components=40)


OBSERVATIONS = {
    "DCT-F": ObservationConfig(),
    "Bicubic": ObservationConfig(factor=2),
    "Tricubic": ObservationConfig(factor=2),
    "Biharmonic": ObservationConfig(missing_ratio=0.1),
}
TUNED = [name for name in CLASSICAL if CLASSICAL[name].candidates(CONFIG)]
FIXED = [name for name in CLASSICAL if name not in TUNED]


def groups_for(method, background):
    rng = np.random.default_rng(1)
    observation = OBSERVATIONS[method.split()[0]]
    return observe_groups(choose_components(WaveSource((20, 20)), 30, rng), background, observation, 0.2, rng)


@pytest.fixture
def groups(background):
    return groups_for("DCT-F", background)


def test_which_methods_are_tuned():
    assert [
        *("Bicubic (shifted grid)", "Tricubic (shifted grid)", "Biharmonic"),
    ] == FIXED


def test_choice_is_spread_over_chunks_and_bounded():
    chosen = choose_components(WaveSource((16, 16, 16, 7)), 20, np.random.default_rng(0))
    assert len(chosen.values) == 20
    assert len(set(chosen.matrix.tolist())) == 4
    assert len(choose_components(WaveSource((5, 5)), 100, np.random.default_rng(0)).values) == 10


def test_the_strongest_of_each_matrix_are_chosen():
    source = WaveSource((16, 16, 16, 7))
    chosen = strongest_components(source, 3)
    assert len(chosen.values) == 12
    for matrix in range(4):
        peaks = np.nanmax(np.abs(source.read_chunk(matrix).values), axis=(1, 2))
        own = np.nanmax(np.abs(chosen.values[chosen.matrix == matrix]), axis=(1, 2))
        np.testing.assert_array_equal(np.sort(own), np.sort(peaks)[-3:])


def test_noisy_psnr_is_the_noise_level(groups):
    assert sum(len(group.truth) for group in groups) == 30
    for group in groups:
        np.testing.assert_allclose(
            psnr_db(group.observed.values, group.truth), -20 * np.log10(0.2), atol=1e-4
        )
        np.testing.assert_allclose(np.abs(group.truth).max(axis=(1, 2)), 1, rtol=1e-6)


def one_phase(restored):
    angle = np.angle(np.sum(restored.astype(complex) ** 2, axis=(1, 2), keepdims=True)) / 2
    return np.exp(1j * angle) * (np.exp(-1j * angle) * restored).real


def spline(measured, grid, slope=0.0):
    """SciPy's spline along each axis, held or with its tangent beyond the last sample."""
    for axis, size in enumerate(grid, start=1):
        last = 2 * (measured.shape[axis] - 1)
        curve = CubicSpline(np.arange(0, last + 1, 2), measured, axis=axis)
        inner = curve(np.arange(min(size, last + 1)))
        tail = curve(last) + slope * curve(last, 1) * (size - 1 - last)
        measured = inner if size == last + 1 else np.concatenate([inner, np.expand_dims(tail, axis)], axis)
    return measured


def restored_by_hand(method, observed, multiplier):
    """What each tunable method does, written out."""
    if method in ("Bicubic", "Tricubic"):
        return spline(observed.values, observed.grid, slope=float(multiplier > 0.5))
    if method.startswith(("Bicubic", "Tricubic")):
        return spline(dct_filter(observed.values, 0.2, multiplier), observed.grid)
    if method.startswith("Biharmonic"):
        return dct_filter(inpaint(observed.values, observed.known), 0.2, multiplier)
    filtered = dct_filter(observed.values, 0.2, multiplier)
    return one_phase(filtered) if method == "DCT-F (one phase)" else filtered


@pytest.mark.parametrize("method", TUNED)
def test_the_best_candidate_is_found_by_brute_force(background, method):
    candidates, groups = (0.5, 1.0, 1.5, 2.0, 4.0), groups_for(method, background)
    if method in ("Bicubic", "Tricubic"):
        candidates = (0.0, 1.0)
    tuned = tune_at(method, candidates, groups, 0.2)
    scores = []
    for candidate in candidates:
        errors = []
        for group in groups:
            restored = restored_by_hand(method, group.observed, candidate)
            assert restored.shape == group.truth.shape
            errors.extend(np.mean(np.abs(restored - group.truth) ** 2, axis=(1, 2)))
        scores.append(np.mean(-10 * np.log10(errors)))
    np.testing.assert_allclose(tuned.psnr_db, scores, atol=1e-3)
    assert tuned.best == candidates[int(np.argmax(scores))]
    assert np.ptp(scores) > (0.5 if len(candidates) > 2 else 0.01)


@pytest.mark.parametrize("method", FIXED)
def test_nothing_to_tune_gives_no_level_and_a_working_restorer(background, method):
    observation = OBSERVATIONS[method.split()[0]]
    source = WaveSource((20, 20))
    artifact = tune_classical(method, CONFIG, observation, source, background, np.random.default_rng(2))
    assert artifact == {"method": method, "levels": []}
    assert source.reads == 0
    restorer = classical_restorer(json.loads(json.dumps(artifact)))
    for group in groups_for(method, background):
        restored = group.observed.restored_by(restorer, 0.2)
        assert restored.shape == group.truth.shape
        known = group.observed.known
        if known is not None:
            assert np.array_equal(restored[known], group.observed.values[known])


def test_edge_is_reported(groups):
    assert tune_at("DCT-F", (3.0, 5.0, 9.0), groups, 0.2).at_edge
    assert not tune_at("DCT-F", (0.0, 1.5, 50.0), groups, 0.2).at_edge
    assert not tune_at("DCT-F (multiplier 3)", (3.0,), groups, 0.2).at_edge


def curve_of(restorer):
    """The tuned curve within a method."""
    if isinstance(restorer, SplineInterpolation):
        return restorer.slope
    return restorer.curve if isinstance(restorer, DctFilter) else restorer.denoiser.curve


@pytest.mark.parametrize("method", TUNED)
def test_artifact_is_json_repeatable_and_gives_the_restorer(background, method):
    one, same = (
        tune_classical(
            method,
            CONFIG,
            OBSERVATIONS[method.split()[0]],
            WaveSource((30, 30)),
            background,
            np.random.default_rng(2),
        )
        for _ in range(2)
    )
    assert json.loads(json.dumps(one)) == json.loads(json.dumps(same))
    restorer = classical_restorer(json.loads(json.dumps(one)))
    assert getattr(restorer, "one_phase", False) == (method == "DCT-F (one phase)")
    assert curve_of(restorer).multiplier == tuple(level["best"] for level in one["levels"])
    assert [level["sigma"] for level in one["levels"]] == [0.1, 0.3]


def test_3d(background):
    config = CONFIG.model_copy(update={"multipliers": (0.0, 1.0, 1.5, 2.0), "components_3d": 12})
    source, rng = WaveSource((12,), largest=(9, 8, 10)), np.random.default_rng(2)
    artifact = tune_classical(
        "Tricubic (DCT-F first)", config, ObservationConfig(factor=2), source, background, rng, dimension=3
    )
    for level in artifact["levels"]:
        assert level["best"] > 0
        assert max(level["psnr_db"]) > level["psnr_db"][0] + 0.5


def test_fixed_multiplier_is_not_tuned(background):
    artifact = tune_classical(
        "DCT-F (multiplier 3)",
        CONFIG,
        ObservationConfig(),
        WaveSource((30,)),
        background,
        np.random.default_rng(2),
    )
    image = np.random.default_rng(3).normal(size=(2, 6, 6)).astype(np.complex64)
    restored = classical_restorer(artifact).apply(image, 0.4)
    np.testing.assert_allclose(restored, dct_filter(image, 0.4, 3.0), atol=1e-7)


def test_interpolated_multipliers_are_as_good_as_the_tuned_one(background):
    rng = np.random.default_rng(4)
    components = choose_components(WaveSource((60, 60), seed=3), 120, rng)
    config = BaselineConfig(sigmas=(0.06, 0.1, 0.2, 0.3), components=120)
    artifact = tune_classical(
        "DCT-F", config, ObservationConfig(), WaveSource((60, 60), seed=5), background, rng
    )
    restorer = classical_restorer(artifact)
    for level in artifact["levels"]:
        groups = observe_groups(components, background, ObservationConfig(), level["sigma"], rng)
        fixed = [
            psnr_db(dct_filter(g.observed.values, level["sigma"], level["best"]), g.truth) for g in groups
        ]
        curve = [psnr_db(restorer.apply(g.observed.values, level["sigma"]), g.truth) for g in groups]
        assert np.mean(np.concatenate(curve)) > np.mean(np.concatenate(fixed)) - 0.1
