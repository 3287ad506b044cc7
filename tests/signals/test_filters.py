"""Fitting, tuning and keeping the filters, on simulated signals of digits with noise."""

import inspect
import logging

import numpy as np
import pytest

from mpipipe.config.signal_filters import (
    SETTINGS,
    BandPassSearch,
    FilterSearch,
    SubspaceSearch,
    WaveletSearch,
    WienerFilterConfig,
    WienerFilterSearch,
)
from mpipipe.errors import InputError
from mpipipe.evaluation.metrics import snr_db
from mpipipe.signals.filters import filter_arrays, fit_filter, pair_loss, restore_filter, tune_filter
from mpipipe.signals.symmetry import fold
from tests.signals.simulated import SHORT, SHORT_CYCLES, SHORT_TIME, digit_signals, noisy

SMALL = FilterSearch(
    band_pass=BandPassSearch(harmonics=(4, 8), half_width=(1, 3), fold=(False, True)),
    wavelets=WaveletSearch(wavelet=("sym8",), level=(3, 4), factor=(2.0, 4.0), threshold=("hard",)),
    wiener=WienerFilterSearch(noise_factor=(0.5, 1.0, 2.0)),
    subspace=SubspaceSearch(noise_factor=(1.0,), rank=(5, 20, 60)),
)
TONES = tuple(SHORT_CYCLES * n for n in (3, 5, 7))
NAMES = list(SETTINGS)


@pytest.fixture(scope="module")
def clean():
    signals = digit_signals(SHORT, 500)
    return {"train": signals[:350], "val": signals[350:420], "test": signals[420:]}


@pytest.fixture(scope="module")
def gaussian(clean):
    return {split: noisy(u, 5, seed) for seed, (split, u) in enumerate(clean.items())}


@pytest.fixture(scope="module")
def tuned(gaussian):
    return {
        name: tune_filter(name, gaussian["train"], gaussian["val"], SMALL, SHORT_CYCLES) for name in NAMES
    }


def test_order_of_the_methods(tuned, gaussian, clean):
    first = gaussian["test"][:, 0]
    snr = {name: snr_db(one.filter.apply(first), clean["test"]).mean() for name, one in tuned.items()}
    noisy_snr = snr_db(first, clean["test"]).mean()
    assert noisy_snr == pytest.approx(5, abs=0.1)
    assert snr["Folded period"] == pytest.approx(8, abs=0.1)
    assert (
        snr["Wiener (subspace)"] > snr["Wiener (folded)"] > snr["Wiener"] > snr["Folded period"] > noisy_snr
    )
    assert snr["Band-pass"] > snr["Folded period"]
    assert snr["Wavelets"] > snr["Folded period"]


def test_interference_is_removed_in_the_subspace(clean):
    pairs = {split: noisy(u, 15, seed, TONES) for seed, (split, u) in enumerate(clean.items())}
    snr = {}
    for name in ("Folded period", "Wiener (folded)", "Wiener (subspace)"):
        found = tune_filter(name, pairs["train"], pairs["val"], SMALL, SHORT_CYCLES).filter
        snr[name] = snr_db(found.apply(pairs["test"][:, 0]), clean["test"]).mean()
    assert snr["Wiener (subspace)"] > snr["Wiener (folded)"] > snr["Folded period"]


def test_loss_is_the_error_plus_a_constant(tuned, clean):
    # Many noises of few signals: the cross term, which vanishes in expectation, is small.
    u = np.repeat(clean["val"][:10], 400, axis=0)
    pairs = noisy(u, 5, seed=11)
    first = pairs[:, 0].astype(float)
    losses, errors = [], []
    for name in ("Folded period", "Band-pass", "Wiener (folded)"):
        fitted = tuned[name].filter
        losses.append(pair_loss(fitted, pairs))
        estimate = fitted.apply(pairs[:, 0])
        errors.append((((estimate - u) ** 2).sum(axis=1) / (first**2).sum(axis=1)).mean())
    np.testing.assert_allclose(np.diff(losses), np.diff(errors), atol=1e-3)
    assert np.abs(np.diff(errors)).min() > 3e-3


@pytest.mark.parametrize("name", NAMES)
def test_the_kept_settings_have_the_lowest_loss(name, tuned, gaussian):
    found = tuned[name]
    assert len(found.losses) == len(SMALL.candidates(name))
    best = min(found.losses, key=lambda one: one["loss"])
    assert found.settings.model_dump() == best["settings"]
    assert pair_loss(found.filter, gaussian["val"]) == best["loss"]


@pytest.mark.parametrize("name", NAMES)
def test_a_filter_is_restored_bit_for_bit(name, tuned, gaussian):
    found = tuned[name]
    restored = restore_filter(name, found.settings.model_dump(), filter_arrays(found.filter), SHORT_CYCLES)
    signals = gaussian["test"][:, 0]
    estimate = restored.apply(signals)
    np.testing.assert_array_equal(estimate, found.filter.apply(signals))
    assert estimate.dtype == np.float32
    assert estimate.shape == signals.shape


@pytest.mark.parametrize("name", NAMES)
def test_fitting_gives_the_tuned_filter(name, tuned, gaussian):
    found = fit_filter(name, gaussian["train"], tuned[name].settings, SHORT_CYCLES)
    signals = gaussian["test"][:, 0]
    np.testing.assert_allclose(
        found.apply(signals), tuned[name].filter.apply(signals), atol=1e-3 * np.abs(signals).max()
    )


def test_a_filter_does_not_change_its_input(tuned, gaussian):
    signals = gaussian["test"][:, 0].copy()
    for one in tuned.values():
        one.filter.apply(signals)
    np.testing.assert_array_equal(signals, gaussian["test"][:, 0])


def test_tuning_receives_noisy_periods_alone():
    assert list(inspect.signature(tune_filter).parameters) == [
        "name",
        "train",
        "validation",
        "search",
        "cycles",
    ]
    assert list(inspect.signature(fit_filter).parameters) == ["name", "train", "settings", "cycles"]


def test_folded_period_folds(gaussian):
    signals = gaussian["test"][:, 0]
    found = fit_filter("Folded period", gaussian["train"], {}, SHORT_CYCLES)
    np.testing.assert_array_equal(found.apply(signals), fold(signals))


def test_the_end_of_a_search_is_told(gaussian, caplog):
    search = FilterSearch(wiener=WienerFilterSearch(noise_factor=(3.0, 5.0, 8.0)))
    with caplog.at_level(logging.WARNING):
        found = tune_filter("Wiener", gaussian["train"], gaussian["val"], search, SHORT_CYCLES)
    assert found.edge == ("noise_factor",)
    assert "Wiener: the best noise_factor, 3, is at an end of the search" in caplog.text
    caplog.clear()
    wide = FilterSearch(wiener=WienerFilterSearch(noise_factor=(0.1, 1.0, 8.0)))
    assert tune_filter("Wiener", gaussian["train"], gaussian["val"], wide, SHORT_CYCLES).edge == ()
    assert not caplog.text


def test_what_is_no_filter_of_one_signal_is_refused(gaussian):
    for name in ("Averaged periods", "Median"):
        with pytest.raises(InputError, match=f"^method: found '{name}', expected a filter of one signal"):
            fit_filter(name, gaussian["train"], {}, SHORT_CYCLES)
        with pytest.raises(InputError, match=f"^method: found '{name}'"):
            tune_filter(name, gaussian["train"], gaussian["val"], SMALL, SHORT_CYCLES)


def test_bad_settings_are_refused(gaussian):
    with pytest.raises(InputError, match=r"^Wiener: noise_factor: found -1, expected"):
        fit_filter("Wiener", gaussian["train"], {"noise_factor": -1}, SHORT_CYCLES)
    with pytest.raises(InputError, match=r"^Folded period: noise_factor: found 1\.0, expected"):
        fit_filter("Folded period", gaussian["train"], WienerFilterConfig(), SHORT_CYCLES)
    with pytest.raises(InputError, match=r"^band-pass: found 9999 cycles"):
        fit_filter("Band-pass", gaussian["train"], {}, 9999).apply(gaussian["test"][:, 0])


def test_bad_periods_are_refused(gaussian):
    broken = gaussian["train"].copy()
    broken[3, 1, 5] = np.nan
    with pytest.raises(InputError, match=r"^train: found NaN or infinity in period 1 of item 3"):
        fit_filter("Wiener", broken, {}, SHORT_CYCLES)
    with pytest.raises(InputError, match=r"^validation: found one period an item"):
        tune_filter("Wiener", gaussian["train"], gaussian["val"][:, 0], SMALL, SHORT_CYCLES)
    with pytest.raises(InputError, match=f"^validation: found 980 samples, expected {SHORT_TIME}"):
        tune_filter("Wiener", gaussian["train"], gaussian["val"][..., :980], SMALL, SHORT_CYCLES)


def test_lacking_arrays_are_named():
    with pytest.raises(
        InputError, match=r"^Wiener \(subspace\): found arrays \['gain'\], expected also basis"
    ):
        restore_filter("Wiener (subspace)", {}, {"gain": np.eye(2, dtype=np.float32)}, SHORT_CYCLES)
