import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.optim.swa_utils import AveragedModel

from mpipipe.config.train import TrainConfig
from mpipipe.training.averaging import ExponentialAverage, effective_decay
from mpipipe.training.batch import Batch
from mpipipe.training.data import ComponentBatches
from mpipipe.training.module import learning_rate_factor, weighted_l1


def batch_of(truth, valid, sigma, measured=None):
    measured = valid if measured is None else measured
    return Batch(truth, measured, truth, valid, torch.zeros(()), sigma, torch.ones_like(sigma))


@pytest.mark.parametrize("weighting", ["none", "inverse_sigma"])
def test_loss_is_the_mean_over_valid_voxels_of_each_sample(weighting):
    rng = torch.Generator().manual_seed(0)
    truth, estimate = (torch.randn(3, 2, 5, 6, generator=rng) for _ in range(2))
    valid = (torch.rand(3, 1, 5, 6, generator=rng) > 0.4).float()
    sigma = torch.tensor([0.1, 0.2, 0.4])
    expected = []
    for e, t, v, s in zip(estimate, truth, valid[:, 0].bool(), sigma, strict=True):
        error = (e[:, v] - t[:, v]).abs().mean()
        expected.append(error / s if weighting == "inverse_sigma" else error)
    loss = weighted_l1(estimate, batch_of(truth, valid, sigma), weighting)
    torch.testing.assert_close(loss, torch.stack(expected).mean())


@pytest.mark.parametrize("weight", [0.5, 1.0, 6.0])
def test_missing_voxels_weigh_as_asked(weight):
    """The mean over valid voxels, in which a missing one counts as `weight` measured ones."""
    rng = torch.Generator().manual_seed(1)
    truth, estimate = (torch.randn(3, 2, 5, 6, generator=rng) for _ in range(2))
    valid = (torch.rand(3, 1, 5, 6, generator=rng) > 0.2).float()
    measured = valid * (torch.rand(3, 1, 5, 6, generator=rng) > 0.3)
    expected = []
    for e, t, v, m in zip(estimate, truth, valid[:, 0], measured[:, 0], strict=True):
        error = (e - t).abs().mean(0)
        inside, lost = error[m > 0], error[(v > 0) & (m == 0)]
        expected.append((inside.sum() + weight * lost.sum()) / (len(inside) + weight * len(lost)))
    loss = weighted_l1(estimate, batch_of(truth, valid, torch.ones(3), measured), "none", weight)
    torch.testing.assert_close(loss, torch.stack(expected).mean())


def test_padding_has_no_gradient(source, background, tiny):
    batch = ComponentBatches(source, background, tiny, seed=0).batch(0)
    estimate = torch.randn_like(batch.truth).requires_grad_()
    weighted_l1(estimate, batch, "inverse_sigma").backward()
    inside = batch.valid.expand_as(estimate) > 0
    assert torch.all(estimate.grad[~inside] == 0)
    assert torch.all(estimate.grad[inside] != 0)
    assert (~inside).any()


def test_multi_step_schedule():
    config = TrainConfig(steps=100, milestones=(0.2, 0.5), gamma=0.5)
    factors = [learning_rate_factor(step, config) for step in range(100)]
    assert factors == [1.0] * 20 + [0.5] * 30 + [0.25] * 50


def test_cosine_schedule_with_warmup():
    config = TrainConfig(steps=200, schedule="cosine", warmup=0.1)
    factors = np.array([learning_rate_factor(step, config) for step in range(201)])
    cosine = 0.5 * (1 + np.cos(np.pi * np.arange(201) / 200))
    np.testing.assert_allclose(factors[20:], cosine[20:], atol=1e-12)
    np.testing.assert_allclose(factors[:20], cosine[:20] * np.arange(1, 21) / 20)
    assert factors[-1] == pytest.approx(0)


@settings(deadline=None, max_examples=30)
@given(decay=st.floats(0, 0.999), values=st.lists(st.floats(-10, 10), min_size=1, max_size=30))
def test_average_is_the_closed_form(decay, values):
    """w̄_N = Σ_n (1 − d_n) Π_{m>n} d_m w_n with the first weight in full."""
    model = torch.nn.Linear(1, 1, bias=False).double()
    averaged = AveragedModel(model, use_buffers=True, **ExponentialAverage(decay)._kwargs)
    for value in values:
        torch.nn.init.constant_(model.weight, value)
        averaged.update_parameters(model)
    decays = [0.0] + [min(decay, (1 + n) / (10 + n)) for n in range(1, len(values))]
    weights = [(1 - d) * np.prod(decays[n + 1 :]) for n, d in enumerate(decays)]
    assert sum(weights) == pytest.approx(1)
    assert averaged.module.weight.item() == pytest.approx(np.dot(weights, values), abs=1e-6)


def test_decay_rises_to_its_value():
    rising = [float(effective_decay(0.99, n)) for n in range(2000)]
    assert rising[0] == pytest.approx(0.1)
    assert np.all(np.diff(rising) >= 0)
    assert rising[-1] == pytest.approx(0.99)
