"""The logarithmic loss against the PSNR that it stands for."""

import numpy as np
import pytest
import torch

from mpipipe.config.reconstructor_training import ReconstructorTraining
from mpipipe.evaluation.metrics import psnr_db
from mpipipe.training.image_losses import log_error, loss_of


def pair(noise):
    rng = np.random.default_rng(0)
    truth = rng.uniform(0.2, 3, (4, 1, 1)) * rng.random((4, 9, 8))
    return truth + noise * rng.standard_normal(truth.shape), truth


def value(estimate, truth):
    return float(log_error(torch.from_numpy(estimate), torch.from_numpy(truth)))


def test_it_is_minus_the_mean_psnr():
    estimate, truth = pair(0.3)
    expected = psnr_db(estimate, truth, peak=truth.max(axis=(1, 2))).mean()
    assert -10 / np.log(10) * value(estimate, truth) == pytest.approx(expected, abs=0.02)


def test_the_unit_does_not_matter():
    estimate, truth = pair(0.1)
    assert value(1e-5 * estimate, 1e-5 * truth) == pytest.approx(value(estimate, truth))


def test_an_exact_image_has_the_floor_and_a_finite_gradient():
    _, truth = pair(0)
    image = torch.from_numpy(truth).requires_grad_()
    loss = log_error(image, torch.from_numpy(truth))
    loss.backward()
    assert float(loss.detach()) == pytest.approx(np.log(1e-5))
    assert torch.isfinite(image.grad).all()


def test_the_published_loss_is_the_default():
    assert loss_of(ReconstructorTraining()) is torch.nn.functional.mse_loss
    assert loss_of(ReconstructorTraining(loss="psnr")) is log_error
