from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from mpipipe.errors import InputError
from mpipipe.training.held_out_periods import LABEL, HeldOutPeriods, held_out_loss
from mpipipe.training.signal_pairs import normalised_pairs
from tests.training.sinusoids import clean_signals, noisy_periods

GAINS = (0.1, 0.9, 0.6, 0.8, 0.3)


class Gain(nn.Module):
    """Multiplies signals by one number."""

    def __init__(self, gain=0.0):
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(gain))

    def forward(self, given):
        return given * self.gain


def loss_of(periods, gain):
    one, two = np.moveaxis(periods.astype(np.float64), 1, 0)
    return np.mean([((gain * a - b) ** 2).sum() / (a**2).sum() for a, b in zip(one, two, strict=True)])


def record(gains, validate_every=1):
    """Take down a training whose network had these gains after its steps."""
    network = Gain()
    pairs = {LABEL: normalised_pairs(noisy_periods(150))}
    best = HeldOutPeriods(lambda: network, pairs, steps=len(gains), validate_every=validate_every)
    for step, gain in enumerate(gains, 1):
        network.gain.data.fill_(gain)
        best.on_train_batch_end(SimpleNamespace(global_step=step), None, {"loss": torch.tensor(1.0)})
    return best


@pytest.mark.parametrize("gain", GAINS)
def test_loss_is_that_of_the_second_period_over_the_first_ones_power(gain):
    periods = noisy_periods(150)  # more than one part
    assert held_out_loss(Gain(gain), normalised_pairs(periods)) == pytest.approx(
        loss_of(periods, gain), rel=1e-5
    )


def test_the_lowest_loss_without_clean_signals_is_the_lowest_error():
    clean, periods = clean_signals(4000), noisy_periods(4000, sigma=0.5)
    pairs, power = normalised_pairs(periods), np.square(periods[:, 0]).sum(axis=-1)
    gains = np.linspace(0.5, 1.2, 8)
    losses = np.array([held_out_loss(Gain(float(gain)), pairs) for gain in gains])
    errors = np.array(
        [(np.square(gain * periods[:, 0] - clean).sum(axis=-1) / power).mean() for gain in gains]
    )
    constant = (96 * 0.25 / power).mean()  # the noise of the second period
    np.testing.assert_allclose(losses - constant, errors, atol=0.003)
    assert losses.argmin() == errors.argmin()


def test_the_weights_of_the_lowest_loss_are_kept():
    best = record(GAINS)
    losses = [loss_of(noisy_periods(150), gain) for gain in GAINS]
    assert [entry["held_out_loss"] for entry in best.history if "held_out_loss" in entry] == pytest.approx(
        losses
    )
    assert best.best == {"step": 1 + int(np.argmin(losses)), "held_out_loss": pytest.approx(min(losses))}
    assert best.weights["gain"].item() == pytest.approx(GAINS[int(np.argmin(losses))])


def test_the_last_step_is_validated_in_any_case():
    best = record(GAINS, validate_every=3)
    assert [entry["step"] for entry in best.history if "held_out_loss" in entry] == [3, 5]


def test_a_loss_that_is_not_finite_is_refused():
    with pytest.raises(InputError, match="found a held-out loss of nan at step 2"):
        record([0.5, float("nan")])
