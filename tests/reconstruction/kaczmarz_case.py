"""Settings of the Kaczmarz tests."""

from mpipipe.config.reconstruct import KaczmarzConfig

FREE = {"real": False, "positive": False}


def config(**changes):
    return KaczmarzConfig(**{"normalization": "absolute", "regularization": 1.0, "iterations": 50, **changes})
