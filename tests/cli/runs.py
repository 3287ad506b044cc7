"""A finished run in small: prepared methods with random weights and given multipliers, where the plan has them."""

from pathlib import Path

from mpipipe.config.params import Params, resolve
from mpipipe.storage.manifest import write_manifest
from mpipipe.storage.tables import write_json
from mpipipe.storage.weights import write_weights
from mpipipe.studies.plan import Plan
from tests.training.networks import random_weights, tiny_config

DIMENSION = {"denoising_2d": 2, "denoising_3d": 3}
CURVE = [{"relative_sigma": level, "best": 1.0} for level in (0.01, 0.5)]


def small_params(**sections: object) -> Params:
    """Parameters with two methods of each denoising problem, and few small matrices."""
    train = tiny_config("DnCNN").model_dump(mode="json")
    methods = ["DCT-F", "DnCNN"]
    problems = {
        name: {"ensemble": f"lissajous_{dimension}d", "methods": methods, "components": 4}
        for name, dimension in DIMENSION.items()
    }
    sizes = {"train": 1, "val": 1, "test": 2}
    raw = {
        "scale": "smoke",
        "train": {name: {"DnCNN": train} for name in problems},
        "restoration": {"problems": problems, "robustness": {"matrices": 2, "relaxation_us": [3]}},
        "sample": {
            "ensembles": {f"lissajous_{d}d": {"dimension": d, **sizes} for d in (2, 3)},
            "calibration": {"grid_size": [12, 13]},
        },
        "reconstruction": {"calibrations": {"openmpi": {}}, "methods": ["ART"]},
        "background": {"num_frames": 200},
        "figures": {"dpi": 50},
    }
    return resolve(raw | sections)


def prepare_methods(params: Params, problem: str) -> list[Path]:
    """Write the prepared methods of a problem below the working directory; returns their paths."""
    config, dimension = tiny_config("DnCNN"), DIMENSION[problem]
    paths = []
    for method, name in Plan(params).restoration.prepared_methods(problem).items():
        paths.append(Path(name))
        if method == "DnCNN":
            write_weights(paths[-1], random_weights(config, dimension))
        else:
            write_json(paths[-1], {"method": method, "levels": CURVE})
        recipe = {"train": config.model_dump(mode="json"), "dimension": dimension, "method": method}
        write_manifest(paths[-1], recipe, {})
    return paths
