"""Losses between reconstructed images and phantoms."""

import torch
from torch import Tensor
from torch.nn import functional

from mpipipe.config.reconstructor_training import ReconstructorTraining
from mpipipe.training.supervised import Loss

FLOOR = 1e-5
"""Of the relative mean square error: what is better than 50 dB need not get better."""


def loss_of(config: ReconstructorTraining) -> Loss:
    """Return the loss that a reconstructor is trained with."""
    return functional.mse_loss if config.loss == "mse" else log_error


def log_error(images: Tensor, phantoms: Tensor) -> Tensor:
    r"""Return the mean over images of the logarithm of their mean square error.

    .. math:: \frac{1}{B} \sum_b \ln\left(\frac{\|x_b - c_b\|^2}{N \max_n c_{bn}^2} + 10^{-5}\right)

    Minus ``10 / ln 10`` times it is the mean PSNR, up to the floor: each image weighs as much as its PSNR can gain, where
    the mean square error leaves most of the weight to the noisiest signals.

    Parameters
    ----------
    images, phantoms : (batch, x, y) Tensor of float32
        Estimate x and truth c; no phantom is empty.

    Returns
    -------
    () Tensor
        The same in every unit of the images.
    """
    error = (images - phantoms).square().mean((1, 2)) / phantoms.square().amax((1, 2))
    return torch.log(error + FLOOR).mean()
