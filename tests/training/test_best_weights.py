from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from mpipipe.errors import InputError
from mpipipe.training.best_weights import BestWeights, apply_network, validate
from mpipipe.training.pairs import Pairs


class Gain(nn.Module):
    """Multiplies images by one number."""

    def __init__(self):
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(0.0))

    def forward(self, given):
        return given * self.gain


def held_out():
    truth = torch.ones(3, 2, 2)
    return {"a": Pairs(truth, truth), "b": Pairs(2 * truth, truth)}


def record(network, gains, validate_every=1):
    """Take down a training whose network had these gains after its steps."""
    best = BestWeights(lambda: network, held_out(), steps=len(gains), validate_every=validate_every)
    for step, gain in enumerate(gains, 1):
        network.gain.data.fill_(gain)
        best.on_train_batch_end(SimpleNamespace(global_step=step), None, {"loss": torch.tensor(gain)})
    return best


def test_scores_are_those_of_a_known_error():
    network = Gain()
    network.gain.data.fill_(0.9)
    scores = validate(network, held_out())
    assert scores["a"] == pytest.approx(20, abs=1e-4)  # an error of 0.1 everywhere
    assert scores["b"] == pytest.approx(-20 * np.log10(0.8), abs=1e-4)


def test_the_best_mean_over_the_sets_is_kept():
    # Errors are |g − 1| and |2g − 1|: of these gains, 0.7 has the smallest product.
    best = record(Gain(), [0.1, 0.7, 0.8, 0.2])
    products = {gain: abs(gain - 1) * abs(2 * gain - 1) for gain in (0.1, 0.7, 0.8, 0.2)}
    assert min(products, key=products.get) == 0.7
    assert best.best["step"] == 2
    assert best.weights["gain"].item() == pytest.approx(0.7)


def test_first_of_equal_scores_is_kept():
    assert record(Gain(), [0.3, 0.3, 0.3]).best["step"] == 1


def test_the_last_step_is_validated_in_any_case():
    best = record(Gain(), [0.1, 0.2, 0.3, 0.4, 0.5], validate_every=3)
    assert [h["step"] for h in best.history if "psnr_db" in h] == [3, 5]
    np.testing.assert_allclose([h["loss"] for h in best.history if "loss" in h], [0.1, 0.2, 0.3, 0.4, 0.5])


def test_a_record_can_be_taken_up():
    first = record(Gain(), [0.1, 0.7])
    again = BestWeights(Gain, held_out(), steps=4, validate_every=1)
    again.load_state_dict(first.state_dict())
    assert (again.history, again.best, again.weights) == (first.history, first.best, first.weights)


def test_a_loss_that_is_not_finite_is_refused():
    with pytest.raises(InputError, match="found a loss of nan at step 1"):
        record(Gain(), [float("nan")])


def test_application_restores_the_mode():
    network = nn.Sequential(nn.Dropout(0.5))
    network.append(Gain())
    network[1].gain.data.fill_(1.0)
    assert (apply_network(network, torch.ones(2000, 3)) == 1).all()  # no dropout, more than one part
    assert network.training
