"""Prepared methods of the run, ready to be applied."""

from pathlib import Path

from mpipipe.restoration.method import Restorer
from mpipipe.storage.manifest import manifest_path, read_manifest
from mpipipe.storage.tables import read_json
from mpipipe.training.tuning import classical_restorer


def open_restorer(artifact: Path) -> Restorer:
    """Return the method whose prepared artifact (weights, or tuned parameters) lies at a path."""
    if artifact.suffix != ".safetensors":
        return classical_restorer(read_json(artifact))
    # Classical methods do without torch, which takes seconds to import.
    from mpipipe.config.train import TrainConfig
    from mpipipe.storage.weights import read_weights
    from mpipipe.training.restorer import NetworkRestorer

    recipe = read_manifest(manifest_path(artifact)).recipe
    config = TrainConfig.model_validate(recipe["train"])
    return NetworkRestorer(read_weights(artifact), config, int(recipe["dimension"]))
