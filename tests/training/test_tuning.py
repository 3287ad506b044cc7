import json

import numpy as np
import pytest

from mpipipe.config.baseline import BaselineConfig
from mpipipe.restoration.classical import CLASSICAL
from mpipipe.restoration.dct import dct_filter
from mpipipe.training.components import add_noise, choose_components, psnr_db
from mpipipe.training.tuning import classical_restorer, tune_at, tune_classical
from tests.training.waves import WaveSource

CONFIG = BaselineConfig(sigmas=(0.1, 0.3), components=40)


@pytest.fixture
def groups(background):
    rng = np.random.default_rng(1)
    return add_noise(choose_components(WaveSource((20, 20)), 30, rng), background, 0.2, rng)


def test_choice_is_spread_over_chunks_and_bounded():
    chosen = choose_components(WaveSource((16, 16, 16, 7)), 20, np.random.default_rng(0))
    assert len(chosen.values) == 20
    assert len(set(chosen.matrix.tolist())) == 4
    assert len(choose_components(WaveSource((5, 5)), 100, np.random.default_rng(0)).values) == 10


def test_noisy_psnr_is_the_noise_level(groups):
    assert sum(len(group.truth) for group in groups) == 30
    for group in groups:
        np.testing.assert_allclose(psnr_db(group.noisy, group.truth), -20 * np.log10(0.2), atol=1e-4)
        np.testing.assert_allclose(np.abs(group.truth).max(axis=(1, 2)), 1, rtol=1e-6)


@pytest.mark.parametrize("method", CLASSICAL)
def test_the_best_candidate_is_found_by_brute_force(groups, method):
    candidates = (0.5, 1.0, 1.5, 2.0, 4.0)
    tuned = tune_at(method, candidates, groups, 0.2)
    one_phase = method == "DCT-F (one phase)"
    for candidate, score in zip(candidates, tuned.psnr_db, strict=True):
        errors = []
        for group in groups:
            restored = dct_filter(group.noisy, 0.2, candidate)
            if one_phase:
                angle = np.angle(np.sum(restored.astype(complex) ** 2, axis=(1, 2), keepdims=True)) / 2
                restored = np.exp(1j * angle) * (np.exp(-1j * angle) * restored).real
            errors.extend(np.mean(np.abs(restored - group.truth) ** 2, axis=(1, 2)))
        assert score == pytest.approx(np.mean(-10 * np.log10(errors)), abs=1e-3)
    assert tuned.best == candidates[int(np.argmax(tuned.psnr_db))]


def test_edge_is_reported(groups):
    assert tune_at("DCT-F", (3.0, 5.0, 9.0), groups, 0.2).at_edge
    assert not tune_at("DCT-F", (0.0, 1.5, 50.0), groups, 0.2).at_edge
    assert not tune_at("DCT-F (multiplier 3)", (3.0,), groups, 0.2).at_edge


@pytest.mark.parametrize("method", CLASSICAL)
def test_artifact_is_json_repeatable_and_gives_the_restorer(background, method):
    one, same = (
        tune_classical(method, CONFIG, WaveSource((30, 30)), background, np.random.default_rng(2))
        for _ in range(2)
    )
    assert json.loads(json.dumps(one)) == json.loads(json.dumps(same))
    restorer = classical_restorer(json.loads(json.dumps(one)))
    assert restorer.one_phase == (method == "DCT-F (one phase)")
    assert restorer.curve.multiplier == tuple(level["best"] for level in one["levels"])
    assert [level["sigma"] for level in one["levels"]] == [0.1, 0.3]


def test_fixed_multiplier_is_not_tuned(background):
    artifact = tune_classical(
        "DCT-F (multiplier 3)", CONFIG, WaveSource((30,)), background, np.random.default_rng(2)
    )
    image = np.random.default_rng(3).normal(size=(2, 6, 6)).astype(np.complex64)
    restored = classical_restorer(artifact).apply(image, 0.4)
    np.testing.assert_allclose(restored, dct_filter(image, 0.4, 3.0), atol=1e-7)


def test_interpolated_multipliers_are_as_good_as_the_tuned_one(background):
    rng = np.random.default_rng(4)
    components = choose_components(WaveSource((60, 60), seed=3), 120, rng)
    config = BaselineConfig(sigmas=(0.06, 0.1, 0.2, 0.3), components=120)
    artifact = tune_classical("DCT-F", config, WaveSource((60, 60), seed=5), background, rng)
    restorer = classical_restorer(artifact)
    for level in artifact["levels"]:
        groups = add_noise(components, background, level["sigma"], rng)
        fixed = [psnr_db(dct_filter(g.noisy, level["sigma"], level["best"]), g.truth) for g in groups]
        curve = [psnr_db(restorer.apply(g.noisy, level["sigma"]), g.truth) for g in groups]
        assert np.mean(np.concatenate(curve)) > np.mean(np.concatenate(fixed)) - 0.1
