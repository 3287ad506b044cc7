"""Artifacts of the signal-denoising study: periods, filters, networks, records, images, pages."""

from collections.abc import Iterator

from mpipipe.config.params import Params
from mpipipe.config.signal_denoising import DenoisingProblem, LearnedSignalMethod, SignalProblem
from mpipipe.studies.artifact import Artifact, dump
from mpipipe.studies.names import slug

STUDY = "signal_denoising"
SPLITS = ("train", "val", "test")
MATRIX: SignalProblem = "system_matrix"
IMAGED: tuple[SignalProblem, ...] = ("gaussian", "harmonic")
"""Problems whose items are scenes, with an x-space image each."""
TABLE_NAMES = ("gaussian", "harmonic", "system_matrix", "gain", "ablation", "filters", "training")
FIGURE_NAMES = (
    "denoised_gaussian",
    "denoised_harmonic",
    "harmonics",
    "matrix_phantoms",
    "spectra",
    "gains",
    "training",
)


class SignalDenoisingPlan:
    """Where the study's artifacts lie, and the jobs that make them."""

    def __init__(self, params: Params) -> None:
        """Take the study's section."""
        self.params, self.config = params, params.signal_denoising
        self.data, self.results = f"data/{params.scale}", f"results/{params.scale}"

    # ------------------------------------------------------------------ where things lie

    def scenes(self) -> str:
        """Return the path of the scenes of all splits."""
        return f"{self.data}/scene/{STUDY}/scenes.zarr"

    def phantoms(self) -> str:
        """Return the path of the phantoms that are reconstructed with the system matrices."""
        return f"{self.data}/scene/{STUDY}/phantoms.zarr"

    def periods(self, problem: SignalProblem, split: str) -> str:
        """Return the path of the noisy periods of a split; those of the test split lie beside their noise-free signals."""
        return f"{self.data}/scene/{STUDY}/{problem}-{split}.zarr"

    def noise_free_matrix(self) -> str:
        """Return the path of the noise-free signals of all positions, which measure the phantoms and are compared with."""
        return f"{self.data}/scene/{STUDY}/noise_free_matrix.zarr"

    def filters(self, problem: SignalProblem) -> str:
        """Return the path of the tuned filters of a problem."""
        return f"{self.data}/baseline/{STUDY}/{problem}/filters.zarr"

    def weights(self, problem: SignalProblem, method: LearnedSignalMethod, repeat: int = 0) -> str:
        """Return the path of the weights of a network."""
        return f"{self.data}/train/{STUDY}/{problem}/{slug(method)}-{repeat}.safetensors"

    def matrices(self) -> str:
        """Return the path of what is made of the noisy and the denoised system matrices."""
        return f"{self.data}/reconstruct/{STUDY}/matrices.zarr"

    def records(self, problem: SignalProblem) -> str:
        """Return the path of the records of a problem."""
        return f"{self.data}/evaluate/{STUDY}/{problem}/methods.parquet"

    def examples(self, problem: SignalProblem) -> str:
        """Return the path of denoised examples."""
        return f"{self.data}/evaluate/{STUDY}/{problem}/examples.zarr"

    def result_files(self) -> list[str]:
        """Return the tables and figures of the study."""
        folder = f"{self.results}/{STUDY}"
        return [
            *(f"{folder}/tables/{name}.{kind}" for name in TABLE_NAMES for kind in ("csv", "md")),
            *(f"{folder}/figures/{name}.{kind}" for name in FIGURE_NAMES for kind in ("png", "svg")),
        ]

    # ------------------------------------------------------------------ the artifacts, stage by stage

    def artifacts(self) -> Iterator[Artifact]:
        """Yield the jobs of the study, inputs before what is made from them."""
        yield from self._data()
        problems = self.config.problems
        yield from (self._tuning(name, problem) for name, problem in problems.items())
        for name, problem in problems.items():
            yield from self._trainings(name, problem)
        yield self._matrices()
        yield from (self._records(name) for name in problems)
        yield from (self._examples(name) for name in IMAGED)
        metrics = f"{self.data}/evaluate/{STUDY}/metrics.parquet"
        records = tuple(self.records(name) for name in problems)
        yield Artifact("metrics", "evaluate", metrics, {"study": STUDY}, records)
        yield self._pages(metrics)

    def _data(self) -> Iterator[Artifact]:
        config = self.config
        scenes = config.scenes.model_dump()
        yield self._digits(self.scenes(), scenes, config.xspace.grid.shape)
        phantoms = {"train": 1, "val": config.matrix.tuning_phantoms, "test": config.matrix.test_phantoms}
        yield self._digits(self.phantoms(), phantoms, config.system_function.grid.shape)
        for problem in config.problems:
            yield from (self._periods(problem, split) for split in SPLITS)
        settings: dict[str, object] = {"acquisition": dump(config.system_function)}
        yield Artifact("noise_free_matrix", "scene", self.noise_free_matrix(), settings)

    def _digits(self, path: str, counts: dict[str, int], grid: tuple[int, ...]) -> Artifact:
        settings = {"digits": dump(self.config.digits), "counts": counts, "grid": list(grid)}
        return Artifact("digits", "scene", path, settings)

    def _periods(self, problem: SignalProblem, split: str) -> Artifact:
        settings: dict[str, object] = {
            "problem": problem,
            "split": split,
            "acquisition": dump(self.config.acquisition(problem)),
            "counts": dump(self.config.counts(problem)),
            "noise": dump(self.config.problems[problem].noise),
        }
        inputs = () if problem == MATRIX else (self.scenes(),)
        return Artifact("noisy_periods", "scene", self.periods(problem, split), settings, inputs)

    def _seen(self, problem: SignalProblem) -> tuple[str, ...]:
        """Return what training and tuning see: noisy periods of two splits."""
        return (self.periods(problem, "train"), self.periods(problem, "val"))

    def _tuning(self, name: SignalProblem, problem: DenoisingProblem) -> Artifact:
        settings = {
            "problem": name,
            "filters": list(problem.filters),
            "search": dump(problem.search or self.config.search),
            "acquisition": dump(self.config.acquisition(name)),
        }
        return Artifact("signal_filters", "baseline", self.filters(name), settings, self._seen(name))

    def _trainings(self, name: SignalProblem, problem: DenoisingProblem) -> Iterator[Artifact]:
        for method, training in problem.networks.items():
            for repeat in range(training.repeats):
                settings = {
                    "problem": name,
                    "method": method,
                    "repeat": repeat,
                    "training": dump(training) | {"repeats": 1},
                    "acquisition": dump(self.config.acquisition(name)),
                }
                path = self.weights(name, method, repeat)
                yield Artifact("train_signal_denoiser", "train", path, settings, self._seen(name))

    def _prepared(self, name: SignalProblem) -> tuple[str, ...]:
        """Return the filters and the weights of every training of a problem."""
        weights = (
            self.weights(name, method, repeat)
            for method, training in self.config.problems[name].networks.items()
            for repeat in range(training.repeats)
        )
        return (self.filters(name), *weights)

    def _applied(self, name: SignalProblem) -> dict[str, object]:
        """Return the settings of a job that applies the methods of a problem."""
        return {
            "problem": name,
            "acquisition": dump(self.config.acquisition(name)),
            "snr_db": self.config.problems[name].noise.snr_db,
            "filters": list(self.config.problems[name].filters),
        }

    def _matrices(self) -> Artifact:
        settings = self._applied(MATRIX) | {"matrix": dump(self.config.matrix)}
        inputs = (
            *(self.periods(MATRIX, split) for split in SPLITS),
            self.noise_free_matrix(),
            self.phantoms(),
            *self._prepared(MATRIX),
        )
        return Artifact("denoised_matrices", "reconstruct", self.matrices(), settings, inputs)

    def _records(self, name: SignalProblem) -> Artifact:
        settings = self._applied(name) | {"gridding": dump(self.config.gridding)}
        inputs = (self.periods(name, "test"), *self._prepared(name))
        if name == MATRIX:
            inputs = (*inputs, self.matrices())
        return Artifact("score_signal_denoisers", "evaluate", self.records(name), settings, inputs)

    def _examples(self, name: SignalProblem) -> Artifact:
        settings = self._applied(name) | {
            "gridding": dump(self.config.gridding),
            "examples": self.config.examples,
        }
        inputs = (self.scenes(), self.periods(name, "test"), *self._prepared(name))
        return Artifact("signal_examples", "evaluate", self.examples(name), settings, inputs)

    def _pages(self, metrics: str) -> Artifact:
        inputs = (
            metrics,
            *(self.examples(name) for name in IMAGED),
            self.matrices(),
            *(path for name in self.config.problems for path in self._prepared(name)),
        )
        settings = {"study": STUDY, "figures": dump(self.params.figures), STUDY: dump(self.config)}
        path = f"{self.results}/{STUDY}/entries.json"
        return Artifact("signal_denoising_figures", "figures", path, settings, inputs)
