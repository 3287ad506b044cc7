"""The plan: every artifact of a run, where it lies, and the recipe that makes it.

A recipe holds the parameters that a job uses, the digest of its code, and the provenance (the digest of the
recipe) of each of its inputs. So one string a job, the same in Snakemake's parameters and in the manifest, says all
that its artifact depends on; nothing else is compared.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import lcm
from typing import Any

from mpipipe.config.base import Section
from mpipipe.config.params import Params
from mpipipe.config.recipe import canonical_json, digest
from mpipipe.config.sources import code_digest
from mpipipe.studies.names import slug

NOUNS = (
    "sample",
    "simulate",
    "background",
    "scene",
    "train",
    "baseline",
    "reconstruct",
    "evaluate",
    "figures",
)
# Sections of params.yaml that the recipes of a stage hold; the ledger tracks the same ones.
SECTIONS: dict[str, tuple[str, ...]] = {
    "sample": ("sample",),
    "simulate": ("sample", "simulate"),
    "background": ("sample", "simulate", "background"),
    "scene": ("scene", "simulate"),
    "train": ("sample", "restoration", "train", "evaluate"),
    "baseline": ("restoration", "baseline"),
    "reconstruct": ("restoration", "reconstruct", "scene"),
    "evaluate": ("sample", "restoration", "evaluate"),
    "figures": ("restoration", "figures", "evaluate"),
}
SPLITS = ("train", "val", "test")
STUDY = "restoration"
TABLES = ("denoising", "denoising_paired")
FIGURES = ("denoising_components", "denoising_curves", "denoising_training")


@dataclass(frozen=True)
class Artifact:
    """One job of the DAG.

    Attributes
    ----------
    job : str
        Module in ``mpipipe.cli.jobs``.
    noun : str
        Stage that the job belongs to.
    path : str
        Main artifact, relative to the working directory.
    settings : dict
        Fields of the job's recipe beside the shared head.
    inputs : tuple of str
        Paths of the artifacts that it reads.
    """

    job: str
    noun: str
    path: str
    settings: dict[str, Any]
    inputs: tuple[str, ...] = ()


class Plan:
    """All artifacts of one scale."""

    def __init__(self, params: Params) -> None:
        self.params = params
        self.data = f"data/{params.scale}"
        self.results = f"results/{params.scale}"
        self._recipes: dict[str, dict[str, Any]] = {}

    # ------------------------------------------------------------------ where things lie

    def parts(self, ensemble: str, split: str) -> list[str]:
        """Return the paths of the parts of a split."""
        count = getattr(self.params.sample.ensembles[ensemble], split)
        numbers = range(-(-count // self.params.simulate.matrices_per_part))
        return [f"{self.data}/simulate/{ensemble}/{split}-{number:03d}.zarr" for number in numbers]

    def background(self, ensemble: str, split: str) -> str:
        """Return the path of a split's background series."""
        return f"{self.data}/background/{ensemble}/{split}.zarr"

    def is_learned(self, method: str) -> bool:
        """Return whether a method is trained; the others are tuned."""
        return method in self.params.train

    def method(self, ensemble: str, method: str) -> str:
        """Return the path of a prepared method: weights, or tuned parameters."""
        noun, suffix = ("train", "safetensors") if self.is_learned(method) else ("baseline", "json")
        return f"{self.data}/{noun}/{STUDY}/denoising/{ensemble}/{slug(method)}.{suffix}"

    def result_files(self, study: str) -> list[str]:
        """Return the tables and figures of a study."""
        tables = [f"{self.results}/{study}/tables/{name}.{kind}" for name in TABLES for kind in ("csv", "md")]
        figures = [*FIGURES, *self.params.restoration.phantoms]
        return tables + [
            f"{self.results}/{study}/figures/{name}.{kind}" for name in figures for kind in ("png", "svg")
        ]

    # ------------------------------------------------------------------ what rules ask

    @cached_property
    def artifacts(self) -> dict[str, Artifact]:
        """Every artifact by its path, inputs before what is made from them."""
        found = [*self._ensembles(), *self._methods(), *self._images(), *self._records(), *self._pages()]
        return {artifact.path: artifact for artifact in found}

    def inputs(self, path: str) -> tuple[str, ...]:
        """Return the paths that the artifact at `path` is made from."""
        return self.artifacts[path].inputs

    def recipe(self, path: str) -> str:
        """Return the canonical recipe of the artifact at `path`."""
        return canonical_json(self._recipe(path))

    def provenance(self, path: str) -> str:
        """Return the provenance of the artifact at `path`: the digest of its recipe."""
        return digest(self._recipe(path))

    def targets(self, noun: str) -> list[str]:
        """Return the artifacts of one stage."""
        return [path for path, artifact in self.artifacts.items() if artifact.noun == noun]

    def jobs(self, noun: str) -> list[str]:
        """Return the job modules of one stage."""
        return sorted({artifact.job for artifact in self.artifacts.values() if artifact.noun == noun})

    def _recipe(self, path: str) -> dict[str, Any]:
        if path not in self._recipes:
            artifact = self.artifacts[path]
            self._recipes[path] = {
                "noun": artifact.noun,
                "scale": self.params.scale,
                "seed": self.params.seed,
                "code": code_digest(f"mpipipe.cli.jobs.{artifact.job}"),
                "inputs": {name: self.provenance(name) for name in artifact.inputs},
                **artifact.settings,
            }
        return self._recipes[path]

    # ------------------------------------------------------------------ the artifacts, stage by stage

    def _ensembles(self) -> Iterator[Artifact]:
        sample = self.params.sample
        for name, size in sample.ensembles.items():
            settings = {"ensemble": name, "size": _dump(size)}
            settings |= {
                part: _dump(getattr(sample, part)) for part in ("particle", "scanner", "calibration")
            }
            yield Artifact("sample", "sample", f"{self.data}/sample/{name}.parquet", settings)
            for split in SPLITS:
                yield from self._parts(name, split)
                yield self._background(name, split)

    def _parts(self, ensemble: str, split: str) -> Iterator[Artifact]:
        size = self.params.sample.ensembles[ensemble]
        per_part, count = self.params.simulate.matrices_per_part, getattr(size, split)
        for number, path in enumerate(self.parts(ensemble, split)):
            settings = {
                "ensemble": ensemble,
                "split": split,
                "rows": [number * per_part, min((number + 1) * per_part, count)],
                "largest_grid": [self.params.sample.calibration.grid_size[1]] * size.dimension,
                "simulate": _dump(self.params.simulate),
            }
            yield Artifact(
                "simulate", "simulate", path, settings, (f"{self.data}/sample/{ensemble}.parquet",)
            )

    def _background(self, ensemble: str, split: str) -> Artifact:
        dividers = self.params.sample.scanner.divider[: self.params.sample.ensembles[ensemble].dimension]
        settings = {
            "ensemble": ensemble,
            "split": split,
            "num_channels": 3,
            "num_frequencies": lcm(*dividers) * self.params.simulate.oversampling // 2 + 1,
            "background": _dump(self.params.background),
        }
        return Artifact("background", "background", self.background(ensemble, split), settings)

    def _methods(self) -> Iterator[Artifact]:
        config = self.params.restoration.denoising
        for ensemble in config.ensembles:
            for method in config.methods:
                yield (
                    self._trained(ensemble, method)
                    if self.is_learned(method)
                    else self._tuned(ensemble, method)
                )

    def _trained(self, ensemble: str, method: str) -> Artifact:
        settings = {
            "ensemble": ensemble,
            "method": method,
            "dimension": self.params.sample.ensembles[ensemble].dimension,
            "sigmas": list(self.params.evaluate.sigmas),
            "train": _dump(self.params.train[method]),
        }
        inputs = (*self._split(ensemble, "train"), *self._split(ensemble, "val"))
        return Artifact("train", "train", self.method(ensemble, method), settings, inputs)

    def _tuned(self, ensemble: str, method: str) -> Artifact:
        settings = {"ensemble": ensemble, "method": method, "baseline": _dump(self.params.baseline)}
        return Artifact(
            "baseline", "baseline", self.method(ensemble, method), settings, self._split(ensemble, "val")
        )

    def _split(self, ensemble: str, split: str) -> tuple[str, ...]:
        return (*self.parts(ensemble, split), self.background(ensemble, split))

    def _images(self) -> Iterator[Artifact]:
        config = self.params.restoration
        ensemble = config.denoising.ensembles[0]
        for name in config.phantoms:
            scene, path = self.params.scene[name], f"{self.data}/scene/{name}.zarr"
            physics = _dump(scene)
            noise = {key: physics.pop(key) for key in ("matrix_noise", "signal_noise")}
            settings = {"name": name, "scene": physics, "simulate": _dump(self.params.simulate)}
            yield Artifact("scene", "scene", path, settings)
            methods = {method: self.method(ensemble, method) for method in config.denoising.methods}
            yield Artifact(
                "reconstruct",
                "reconstruct",
                f"{self.data}/reconstruct/{STUDY}/{name}.zarr",
                {"name": name, "methods": methods, "reconstruct": _dump(self.params.reconstruct), **noise},
                (path, self.background(ensemble, "test"), *methods.values()),
            )

    def _records(self) -> Iterator[Artifact]:
        config, records = self.params.restoration.denoising, []
        for ensemble in config.ensembles:
            folder = f"{self.data}/evaluate/{STUDY}/denoising/{ensemble}"
            head = {"ensemble": ensemble, "evaluate": _dump(self.params.evaluate)}
            for method in config.methods:
                records.append(f"{folder}/{slug(method)}.parquet")
                inputs = (*self._split(ensemble, "test"), self.method(ensemble, method))
                settings = head | {
                    "method": method,
                    "dimension": self.params.sample.ensembles[ensemble].dimension,
                }
                yield Artifact("evaluate", "evaluate", records[-1], settings, inputs)
            methods = {method: self.method(ensemble, method) for method in config.methods}
            inputs = (self.parts(ensemble, "test")[0], self.background(ensemble, "test"), *methods.values())
            yield Artifact(
                "examples", "evaluate", f"{folder}/examples.zarr", head | {"methods": methods}, inputs
            )
        yield Artifact(
            "metrics",
            "evaluate",
            f"{self.data}/evaluate/{STUDY}/metrics.parquet",
            {"study": STUDY},
            tuple(records),
        )

    def _pages(self) -> Iterator[Artifact]:
        config = self.params.restoration
        ensemble = config.denoising.ensembles[0]
        learned = [
            self.method(ensemble, method) for method in config.denoising.methods if self.is_learned(method)
        ]
        inputs = (
            f"{self.data}/evaluate/{STUDY}/metrics.parquet",
            f"{self.data}/evaluate/{STUDY}/denoising/{ensemble}/examples.zarr",
            *(f"{self.data}/reconstruct/{STUDY}/{phantom}.zarr" for phantom in config.phantoms),
            *learned,
        )
        entries = f"{self.results}/{STUDY}/entries.json"
        settings = {
            "study": STUDY,
            "figures": _dump(self.params.figures),
            "methods": list(config.denoising.methods),
        }
        yield Artifact("figures", "figures", entries, settings, inputs)
        yield Artifact("gallery", "figures", f"{self.results}/index.html", {}, (entries,))


def _dump(section: Section) -> dict[str, Any]:
    return section.model_dump(mode="json")
