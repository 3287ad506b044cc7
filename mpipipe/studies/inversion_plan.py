"""Artifacts of the inversion study (Chae 2017): scenes and matrices, perceptrons, classical inverses, records, pages."""

from collections.abc import Iterator

from mpipipe.config.params import Params
from mpipipe.studies.artifact import Artifact, dump
from mpipipe.studies.line_runs import LineRun, runs_of

STUDY = "inversion"
TABLE_NAMES = (
    "mse",
    "sizes",
    "diameters",
    "hidden_units",
    "regularised",
    "normalisation",
    "chebyshev",
    "training",
)
FIGURE_NAMES = (
    "point_spread",
    "spectra",
    "learning_by_size",
    "learning_by_diameter",
    "learning_by_units",
    "reconstructions",
    "weights",
    "sigmoid_and_linear",
    "regularised",
)


class InversionPlan:
    """Where the study's artifacts lie, and the jobs that make them."""

    def __init__(self, params: Params) -> None:
        """Take the study's section."""
        self.params, self.config = params, params.inversion
        self.data, self.results = f"data/{params.scale}", f"results/{params.scale}"
        self.runs = runs_of(self.config)

    # ------------------------------------------------------------------ where things lie

    def lines(self) -> str:
        """Return the path of scenes, patterns and system matrices."""
        return f"{self.data}/scene/{STUDY}/lines.zarr"

    def weights(self, run: LineRun) -> str:
        """Return the path of the weights of a training."""
        return f"{self.data}/train/{STUDY}/{run.problem}/{run.name}.safetensors"

    def tuned(self) -> str:
        """Return the path of the settings of the classical inverses."""
        return f"{self.data}/baseline/{STUDY}/lines/classical.json"

    def patterns(self) -> str:
        """Return the path of reconstructed patterns."""
        return f"{self.data}/reconstruct/{STUDY}/patterns.zarr"

    def records(self) -> str:
        """Return the path of the records of all methods."""
        return f"{self.data}/evaluate/{STUDY}/lines/methods.parquet"

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
        line = {"line": dump(self.config.line)}
        settings: dict[str, object] = line | {"scenes": dump(self.config.scenes)}
        yield Artifact("lines", "scene", self.lines(), settings)
        noise: dict[str, object] = {"snr_db": list(self.config.snr_db)}
        search = line | noise | {"search": dump(self.config.search)}
        yield Artifact("tune_line_inverses", "baseline", self.tuned(), search, (self.lines(),))
        for run in self.runs:
            yield Artifact(
                "train_perceptron", "train", self.weights(run), {"run": dump(run)}, (self.lines(),)
            )
        weights = tuple(self.weights(run) for run in self.runs)
        inputs = (self.lines(), self.tuned(), *weights)
        yield Artifact("score_line_inverses", "evaluate", self.records(), line | noise, inputs)
        shown = tuple(self.weights(run) for run in self._shown())
        yield Artifact("line_patterns", "reconstruct", self.patterns(), {}, (self.lines(), *shown))
        metrics = f"{self.data}/evaluate/{STUDY}/metrics.parquet"
        yield Artifact("metrics", "evaluate", metrics, {"study": STUDY}, (self.records(),))
        pages = {"study": STUDY, "figures": dump(self.params.figures), STUDY: dump(self.config)}
        entries = f"{self.results}/{STUDY}/entries.json"
        inputs = (metrics, self.lines(), self.tuned(), self.patterns(), *weights)
        yield Artifact("inversion_figures", "figures", entries, pages, inputs)

    def _shown(self) -> list[LineRun]:
        """Return the trainings whose patterns are shown: modern, noise-free, of most scenes."""
        most = max((run.n_train for run in self.runs), default=0)
        return [
            run
            for run in self.runs
            if run.chosen
            and run.optimiser != "SGD"
            and run.n_train == most
            and run.snr_db is None
            and run.network != "Single-layer (linear)"
            and (
                run.hidden_units == 0
                or (run.hidden_units in self.config.shown_units and run.diameter_nm == 40)
            )
        ]
