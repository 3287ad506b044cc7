"""A small deblurring problem that several tests share: scenes of bars, their images, noise, and a short training."""

import numpy as np
import torch
from scipy.ndimage import gaussian_filter

from mpipipe.config.deblurrer import DeblurrerTraining, PerceptualConfig, ResNetConfig
from mpipipe.networks.deblurrers import build_deblurrer
from mpipipe.training.deblurrer_apply import LearnedDeblurrer, NormalisedDeblurrer
from mpipipe.training.deblurrer_train import train_deblurrer

GRID = (12, 12)
SIGMA = 0.002


class KilledError(Exception):
    pass


def scenes(count=10, seed=0, grid=GRID):
    """Bars of one concentration on nothing, (item, x, y) of float32."""
    rng = np.random.default_rng(seed)
    truth = np.zeros((count, *grid), np.float32)
    for image in truth:
        for axis in range(2):
            place = rng.integers(1, grid[axis] - 2)
            along = [slice(None)] * 2
            along[axis] = slice(place, place + 2)
            image[tuple(along)] = rng.uniform(0.5, 1.5)
    return truth


def collinear_images(truth):
    """Images that are 0.05 m of anisotropic blur: of each partition along one axis."""
    return np.stack(
        [
            np.stack([0.05 * gaussian_filter(image, widths) for widths in ((1.5, 0.8), (0.8, 1.5))])
            for image in truth
        ]
    ).astype(np.float32)


def noise_fields(count=6, seed=1, grid=GRID):
    return np.random.default_rng(seed).standard_normal((count, 2, *grid)).astype(np.float32)


def tiny(**changes):
    settings = {
        "network": ResNetConfig(width=4, blocks=1),
        "perceptual": PerceptualConfig(channels=4),
        "steps": 12,
        "batch": 3,
        "precision": "32",
        "validate_every": 4,
        "checkpoint_every": 4,
    }
    return DeblurrerTraining(**{**settings, **changes})


def held_out(count=5):
    truth = scenes(count, seed=8)
    return truth, collinear_images(truth) + np.float32(SIGMA) * noise_fields(count, seed=9)


def run(config, truth=None, sigma=SIGMA, seed=3, **arguments):
    truth = scenes() if truth is None else truth
    arguments = {"validation": held_out(), "accelerator": "cpu", **arguments}
    return train_deblurrer(
        config, truth, collinear_images(truth), noise_fields(), sigma, seed=seed, **arguments
    )


def equal(one, two):
    return one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)


def deblurrer(unit=30.0):
    network = NormalisedDeblurrer(build_deblurrer(tiny().network, seed=5), unit)
    return LearnedDeblurrer(network.state_dict(), tiny())
