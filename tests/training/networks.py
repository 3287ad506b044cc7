"""A tiny network of each architecture, with what it restores."""

import numpy as np
import torch

from mpipipe.config.networks import DnCNNConfig, PConvUNetConfig, RDNConfig, SMRnetConfig, SwinIRConfig
from mpipipe.config.train import DegradationConfig, MissingConfig, TrainConfig
from mpipipe.networks.registry import DIMENSIONS, NETWORKS, build_network
from mpipipe.training.restorer import NetworkRestorer

TINY = {
    "DnCNN": DnCNNConfig(depth=3, width=4, normalisation="none", border="masked"),
    "RDN": RDNConfig(blocks=1, layers=2, width=4, growth=4, border="masked"),
    "SwinIR": SwinIRConfig(embedding=4, depths=(2,), heads=2, window=4),
    "SMRnet": SMRnetConfig(factor=2, width=4, blocks=1, growth=4, border="masked"),
    "PConvUNet": PConvUNetConfig(widths=(4, 6), kernels=(5, 3)),
}
assert set(TINY) == set(NETWORKS)

# Each network in each task that it is trained for.
TASKS = {
    "DnCNN": {},
    "RDN": {},
    "SwinIR": {},
    "SMRnet": {},
    "SMRnet on the spline": {"residual": "spline"},
    "PConvUNet": {"missing": MissingConfig(), "missing_weight": 3.0},
}
CASES = [(task, dimension) for task in TASKS for dimension in DIMENSIONS[task.split()[0]]]


def tiny_config(task, *, patch=12, patch_step=0, **knobs):
    settings = {**TASKS[task], **knobs}
    degradation = DegradationConfig(
        patch=patch,
        patch_step=patch_step,
        missing=settings.pop("missing", None),
        **{key: settings.pop(key) for key in list(settings) if key in DegradationConfig.model_fields},
    )
    defaults = {"steps": 2, "batch": 4, "buffer_chunks": 2, "ema_decay": 0.9, "precision": "32"}
    return TrainConfig(network=TINY[task.split()[0]], degradation=degradation, **{**defaults, **settings})


def random_weights(config, dimension):
    """Weights and biases of a network that is far from the identity, and does not commute with a scale itself."""
    generator = torch.Generator().manual_seed(2)
    state = build_network(config.network, dimension, seed=1).state_dict()
    for name, tensor in state.items():
        if tensor.is_floating_point() and "running" not in name:
            tensor += 0.2 * torch.randn(tensor.shape, generator=generator)
    return state


def untrained(task, dimension=2, **knobs):
    """A restorer with random weights, and its configuration."""
    config = tiny_config(task, **knobs)
    return NetworkRestorer(random_weights(config, dimension), config, dimension), config


def noise(shape, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=shape) + 1j * rng.normal(size=shape)).astype(np.complex64)
