"""Artifacts of the restoration study (Tsanda 2025): methods, records, images, pages."""

from collections.abc import Iterator

from mpipipe.config.baseline import CLASSICAL_METHODS
from mpipipe.config.params import Params
from mpipipe.config.restoration import Problem
from mpipipe.errors import InputError
from mpipipe.studies.artifact import Artifact, dump
from mpipipe.studies.ensembles import Ensembles
from mpipipe.studies.names import slug

STUDY = "restoration"
# Figures over σ or over the grid size; the tables decide, as in `mpipipe.studies.restoration_figures`.
BY_SIGMA, BY_SIZE = ("denoising",), ("accelerated_calibration", "inpainting")


class RestorationPlan:
    """Where the study's artifacts lie, and the jobs that make them."""

    def __init__(self, params: Params, ensembles: Ensembles) -> None:
        """Take the study's section, and refuse methods and problems that do not fit together.

        Raises
        ------
        InputError
            When a method, ensemble, problem or scene that the study names is not there, or a network's factor is not
            its problem's.
        """
        self.params, self.ensembles = params, ensembles
        self.config = params.restoration
        self.data, self.results = f"data/{params.scale}", f"results/{params.scale}"
        for name, problem in self.config.problems.items():
            self._check(name, problem)
        for name, phantom in self.config.phantoms.items():
            _known(f"restoration.phantoms: {name}", name, params.scene)
            _known(f"restoration.phantoms.{name}.problem", phantom.problem, self.config.problems)
            if phantom.denoise_first:
                place = f"restoration.phantoms.{name}.denoise_first"
                _known(place, phantom.denoise_first.problem, self.config.problems)
                chosen = self.config.problems[phantom.denoise_first.problem].methods
                _known(place, phantom.denoise_first.method, chosen)
        _known("restoration.robustness.problem", self.config.robustness.problem, self.config.problems)

    def _check(self, name: str, problem: Problem) -> None:
        self.ensembles.size(problem.ensemble)
        trained = self.params.train.get(name, {})
        for method in problem.methods:
            if method not in trained:
                _known(f"restoration.problems.{name}.methods", method, CLASSICAL_METHODS)
                continue
            factor, place = (
                getattr(trained[method].network, "factor", 1),
                f"train.{name}.{method}.network.factor",
            )
            if factor != problem.observation.factor:
                raise InputError(
                    f"params.yaml: {place}: found {factor}, expected {problem.observation.factor} as in "
                    f"restoration.problems.{name}"
                )

    # ------------------------------------------------------------------ where things lie

    def is_learned(self, problem: str, method: str) -> bool:
        """Return whether a method is trained; the others are tuned."""
        return method in self.params.train.get(problem, {})

    def repeats(self, problem: str, method: str) -> int:
        """Return the number of trainings of a method."""
        return self.params.train[problem][method].repeats if self.is_learned(problem, method) else 1

    def prepared(self, problem: str, method: str, repeat: int = 0) -> str:
        """Return the path of a prepared method: weights, or tuned parameters."""
        if self.is_learned(problem, method):
            return f"{self.data}/train/{STUDY}/{problem}/{slug(method)}-{repeat}.safetensors"
        return f"{self.data}/baseline/{STUDY}/{problem}/{slug(method)}.json"

    def prepared_methods(self, problem: str) -> dict[str, str]:
        """Return the paths of a problem's methods by name, the first training of each network."""
        return {method: self.prepared(problem, method) for method in self.config.problems[problem].methods}

    def result_files(self) -> list[str]:
        """Return the tables and figures of the study."""
        folder = f"{self.results}/{STUDY}"
        return [
            *(f"{folder}/tables/{name}.{kind}" for name in self.table_names() for kind in ("csv", "md")),
            *(f"{folder}/figures/{name}.{kind}" for name in self.figure_names() for kind in ("png", "svg")),
        ]

    def table_names(self) -> list[str]:
        """Return the names of the study's tables."""
        tables = list(dict.fromkeys(problem.table for problem in self.config.problems.values()))
        return ["parameters", *tables, *(f"{name}_paired" for name in tables), "training"]

    def figure_names(self) -> list[str]:
        """Return the names of the study's figures."""
        names = ["examples", "phantoms", "robustness"]
        for name, problem in self.config.problems.items():
            names.append(f"{name}_components")
            if any(self.is_learned(name, method) for method in problem.methods):
                names.append(f"{name}_training")
            names += [f"{name}_curves"] if problem.table in BY_SIGMA else []
            names += [f"{name}_sizes"] if problem.table in BY_SIZE else []
        return [*names, *self.config.phantoms]

    # ------------------------------------------------------------------ the artifacts, stage by stage

    def artifacts(self) -> Iterator[Artifact]:
        """Yield the jobs of the study, inputs before what is made from them."""
        for name in self.config.problems:
            yield from self._methods(name)
        yield from self._images()
        records = []
        for name in self.config.problems:
            for artifact in self._records(name):
                records.append(artifact.path)
                yield artifact
            yield self._examples(name)
        yield self._overview()
        yield self._robustness()
        metrics = self._metrics(records)
        yield metrics
        yield self._pages(metrics.path)

    def _methods(self, name: str) -> Iterator[Artifact]:
        problem = self.config.problems[name]
        for method in problem.methods:
            if self.is_learned(name, method):
                for repeat in range(self.repeats(name, method)):
                    yield self._trained(name, method, repeat)
            else:
                yield self._tuned(name, method)

    def _head(self, name: str) -> dict[str, object]:
        problem = self.config.problems[name]
        return {
            "problem": name,
            "ensemble": problem.ensemble,
            "dimension": self.ensembles.size(problem.ensemble).dimension,
            "observation": dump(problem.observation),
        }

    def _trained(self, name: str, method: str, repeat: int) -> Artifact:
        problem = self.config.problems[name]
        # One training more does not change the ones before.
        train = dump(self.params.train[name][method]) | {"repeats": 1}
        settings = self._head(name) | {
            "method": method,
            "repeat": repeat,
            "sigmas": list(problem.sigmas),
            "train": train,
        }
        inputs = (
            *self.ensembles.split(problem.ensemble, "train"),
            *self.ensembles.split(problem.ensemble, "val"),
        )
        return Artifact("train", "train", self.prepared(name, method, repeat), settings, inputs)

    def _tuned(self, name: str, method: str) -> Artifact:
        settings = self._head(name) | {"method": method, "baseline": dump(self.params.baseline)}
        inputs = self.ensembles.split(self.config.problems[name].ensemble, "val")
        return Artifact("baseline", "baseline", self.prepared(name, method), settings, inputs)

    def _images(self) -> Iterator[Artifact]:
        for name, phantom in self.config.phantoms.items():
            path = f"{self.data}/scene/{name}.zarr"
            physics = dump(self.params.scene[name])
            noise = {key: physics.pop(key) for key in ("matrix_noise", "signal_noise")}
            settings = {"name": name, "scene": physics, "simulate": dump(self.params.simulate)}
            yield Artifact("scene", "scene", path, settings)
            methods = self.prepared_methods(phantom.problem)
            first = phantom.denoise_first
            denoiser = {first.method: self.prepared(first.problem, first.method)} if first else {}
            problem = self.config.problems[phantom.problem]
            yield Artifact(
                "reconstruct",
                "reconstruct",
                f"{self.data}/reconstruct/{STUDY}/{name}.zarr",
                {
                    "name": name,
                    "observation": dump(problem.observation),
                    "methods": methods,
                    "denoiser": denoiser,
                    "reconstruct": dump(self.params.reconstruct),
                    **noise,
                },
                (
                    path,
                    self.ensembles.background(problem.ensemble, "test"),
                    *methods.values(),
                    *denoiser.values(),
                ),
            )

    def _records(self, name: str) -> Iterator[Artifact]:
        problem = self.config.problems[name]
        scored = {
            "table": problem.table,
            "sigmas": list(problem.sigmas),
            "components": problem.components,
            "size_bin_edges": list(self.params.evaluate.size_bin_edges),
        }
        for method in problem.methods:
            for repeat in range(self.repeats(name, method)):
                suffix = f"-{repeat}" if self.is_learned(name, method) else ""
                yield Artifact(
                    "evaluate",
                    "evaluate",
                    f"{self.data}/evaluate/{STUDY}/{name}/{slug(method)}{suffix}.parquet",
                    self._head(name) | scored | {"method": method, "repeat": repeat},
                    (
                        *self.ensembles.split(problem.ensemble, "test"),
                        self.prepared(name, method, repeat),
                    ),
                )

    def _examples(self, name: str) -> Artifact:
        problem, methods = self.config.problems[name], self.prepared_methods(name)
        settings = self._head(name) | {
            "sigma": problem.example_sigma,
            "count": self.params.evaluate.examples,
            "methods": methods,
        }
        inputs = (
            self.ensembles.parts(problem.ensemble, "test")[0],
            self.ensembles.background(problem.ensemble, "test"),
            *methods.values(),
        )
        return Artifact(
            "examples", "evaluate", f"{self.data}/evaluate/{STUDY}/{name}/examples.zarr", settings, inputs
        )

    def _overview(self) -> Artifact:
        used = list(dict.fromkeys(problem.ensemble for problem in self.config.problems.values()))
        inputs = tuple(self.ensembles.parts(ensemble, "train")[0] for ensemble in used)
        return Artifact(
            "overview", "evaluate", f"{self.data}/evaluate/{STUDY}/overview.zarr", {"ensembles": used}, inputs
        )

    def _robustness(self) -> Artifact:
        config = self.config.robustness
        methods = self.prepared_methods(config.problem)
        ensemble = self.config.problems[config.problem].ensemble
        settings = self._head(config.problem) | {
            "robustness": dump(config),
            "simulate": dump(self.params.simulate),
            "components": self.config.problems[config.problem].components,
            "methods": methods,
        }
        inputs = (
            self.ensembles.table(ensemble),
            self.ensembles.background(ensemble, "test"),
            *methods.values(),
        )
        return Artifact(
            "robustness",
            "evaluate",
            f"{self.data}/evaluate/{STUDY}/robustness.parquet",
            settings,
            inputs,
        )

    def _metrics(self, records: list[str]) -> Artifact:
        path = f"{self.data}/evaluate/{STUDY}/metrics.parquet"
        return Artifact("metrics", "evaluate", path, {"study": STUDY}, tuple(records))

    def _pages(self, metrics: str) -> Artifact:
        folder = f"{self.data}/evaluate/{STUDY}"
        problems = self.config.problems
        weights = [
            self.prepared(name, method)
            for name, problem in problems.items()
            for method in problem.methods
            if self.is_learned(name, method)
        ]
        tables = dict.fromkeys(self.ensembles.table(problem.ensemble) for problem in problems.values())
        inputs = (
            metrics,
            f"{folder}/overview.zarr",
            f"{folder}/robustness.parquet",
            *(f"{folder}/{name}/examples.zarr" for name in problems),
            *(f"{self.data}/scene/{phantom}.zarr" for phantom in self.config.phantoms),
            *(f"{self.data}/reconstruct/{STUDY}/{phantom}.zarr" for phantom in self.config.phantoms),
            *tables,
            *weights,
        )
        settings = {
            "study": STUDY,
            "figures": dump(self.params.figures),
            "restoration": dump(self.config),
            "sample": dump(self.params.sample),
        }
        return Artifact("figures", "figures", f"{self.results}/{STUDY}/entries.json", settings, inputs)


def _known(place: str, found: str, known: object) -> None:
    names = list(known)  # type: ignore[call-overload]
    if found not in names:
        raise InputError(f"params.yaml: {place}: found {found!r}, expected one of {', '.join(names)}")
