"""Artifacts of the deblurring study (Ergun 2022): scenes, scans, methods, records, images, pages."""

from collections.abc import Iterator

from mpipipe.config.deblurring import LEARNED_FROM, ClassicalDeblurring, LearnedDeblurring, SceneName
from mpipipe.config.params import Params
from mpipipe.studies.artifact import Artifact, dump
from mpipipe.studies.names import slug

STUDY = "deblurring"
TABLE_NAMES = ("train_vs_test_snr", "network_gain", "phantoms", "deconvolution", "training")
FIGURE_NAMES = (
    "scene_and_model",
    "scenes",
    "point_spread",
    "collinear_images",
    "reconstructions",
    "phantoms",
    "snr_map",
    "snr_curves",
    "training",
)


class DeblurringPlan:
    """Where the study's artifacts lie, and the jobs that make them."""

    def __init__(self, params: Params) -> None:
        """Take the study's section."""
        self.params, self.config = params, params.deblurring
        self.data, self.results = f"data/{params.scale}", f"results/{params.scale}"

    # ------------------------------------------------------------------ where things lie

    def scene(self, name: SceneName) -> str:
        """Return the path of a coded calibration scene."""
        return f"{self.data}/scene/{STUDY}/scene-{name}.zarr"

    def windows(self, name: SceneName) -> str:
        """Return the path of the windows of a scene: truth and collinear images without noise."""
        return f"{self.data}/scene/{STUDY}/windows-{name}.zarr"

    def noise(self, split: str) -> str:
        """Return the path of gridded noise of unit variance on the samples."""
        return f"{self.data}/scene/{STUDY}/noise-{split}.zarr"

    def phantoms(self) -> str:
        """Return the path of the test phantoms and of a point source, scanned without noise."""
        return f"{self.data}/scene/{STUDY}/phantoms.zarr"

    def weights(self, method: LearnedDeblurring, snr: float, repeat: int = 0) -> str:
        """Return the path of the weights of a network that was trained at an SNR."""
        return f"{self.data}/train/{STUDY}/snr-{snr:g}/{slug(method)}-{repeat}.safetensors"

    def tuned(self, method: ClassicalDeblurring) -> str:
        """Return the path of a classical method's tuned settings."""
        return f"{self.data}/baseline/{STUDY}/windows/{slug(method)}.json"

    def networks(self) -> list[tuple[LearnedDeblurring, float]]:
        """Return the networks by method and training SNR."""
        return [(name, snr) for name, levels in self.config.train_snr.items() for snr in levels]

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
        for name in self._scenes("train", "val", "test"):
            yield from self._scanned(name)
        yield from (self._noise(split) for split in ("train", "val", "test"))
        yield self._scan("scan_phantoms", self.phantoms(), {"phantoms": list(self.config.phantoms)})
        for method in self.config.methods:
            yield self._tuning(method)
        trained = [
            (network, snr, repeat)
            for network, snr in self.networks()
            for repeat in range(self.config.training[network].repeats)
        ]
        yield from (self._training(*one) for one in trained)
        records = [self._classical_records(method) for method in self.config.methods]
        records += [self._network_records(*one) for one in trained]
        yield from records
        yield self._images()
        metrics = f"{self.data}/evaluate/{STUDY}/metrics.parquet"
        yield Artifact("metrics", "evaluate", metrics, {"study": STUDY}, tuple(one.path for one in records))
        yield self._pages(metrics)

    def _scenes(self, *drawn: SceneName) -> tuple[SceneName, ...]:
        """Return drawn scenes, and the retinal one where a network learns from it."""
        return (*drawn, "retina") if self.config.from_retina else drawn

    def _acquisition(self) -> dict[str, object]:
        return {"acquisition": dump(self.config.acquisition)}

    def _scan(
        self, job: str, path: str, settings: dict[str, object], inputs: tuple[str, ...] = ()
    ) -> Artifact:
        return Artifact(job, "scene", path, self._acquisition() | settings, inputs)

    def _scanned(self, name: SceneName) -> Iterator[Artifact]:
        config = self.config.scene.model_copy(update={"kind": "retina" if name == "retina" else "channels"})
        pixel_mm = (
            self.config.acquisition.fine_grid.field_of_view_mm[0] / self.config.acquisition.fine_grid.shape[0]
        )
        settings: dict[str, object] = {
            "name": name,
            "config": dump(config),
            "pixels": round(config.size_mm / pixel_mm),
        }
        yield Artifact("coded_scene", "scene", self.scene(name), settings)
        counts = self.config.windows
        count = {"train": counts.train, "retina": counts.train, "val": counts.val, "test": counts.test}[name]
        settings = {"name": name, "count": count, "size_mm": config.size_mm}
        yield self._scan("scan_scene", self.windows(name), settings, (self.scene(name),))

    def _noise(self, split: str) -> Artifact:
        counts = {
            "train": self.config.windows.noise,
            "val": self.config.windows.val,
            "test": max(self.config.repeats, self.config.windows.test),
        }
        return self._scan("gridded_noise", self.noise(split), {"split": split, "count": counts[split]})

    def _tuning(self, method: ClassicalDeblurring) -> Artifact:
        settings = self._acquisition() | {
            "method": method,
            "solvers": dump(self.config.solvers),
            "search": dump(self.config.search),
            "test_snr": list(self.config.test_snr),
            "windows": self.config.windows.tuning,
        }
        inputs = (self.windows("train"), self.windows("val"), self.noise("val"))
        return Artifact("tune_deconvolution", "baseline", self.tuned(method), settings, inputs)

    def _training(self, method: LearnedDeblurring, snr: float, repeat: int) -> Artifact:
        settings = self._acquisition() | {
            "method": method,
            "train_snr": snr,
            "repeat": repeat,
            "training": dump(self.config.training[method]) | {"repeats": 1},
            "blur": dump(self.config.solvers.blur),
        }
        inputs = dict.fromkeys(
            [
                self.windows("train"),
                self.windows(LEARNED_FROM[method]),
                self.windows("val"),
                self.noise("train"),
                self.noise("val"),
            ]
        )
        path = self.weights(method, snr, repeat)
        return Artifact("train_deblurrer", "train", path, settings, tuple(inputs))

    def _scored(self) -> tuple[dict[str, object], tuple[str, ...]]:
        """Return settings and inputs of a job that scores a method."""
        settings = {
            "test_snr": list(self.config.test_snr),
            "repeats": self.config.repeats,
            "further_repeats": self.config.further_repeats,
        }
        return settings, (self.windows("train"), self.windows("test"), self.noise("test"), self.phantoms())

    def _classical_records(self, method: ClassicalDeblurring) -> Artifact:
        settings, inputs = self._scored()
        settings |= self._acquisition() | {"method": method, "solvers": dump(self.config.solvers)}
        path = f"{self.data}/evaluate/{STUDY}/classical/{slug(method)}.parquet"
        return Artifact("score_deconvolution", "evaluate", path, settings, (*inputs, self.tuned(method)))

    def _network_records(self, method: LearnedDeblurring, snr: float, repeat: int) -> Artifact:
        settings, inputs = self._scored()
        settings |= {"method": method, "train_snr": snr, "repeat": repeat}
        path = f"{self.data}/evaluate/{STUDY}/snr-{snr:g}/{slug(method)}-{repeat}.parquet"
        weights = self.weights(method, snr, repeat)
        return Artifact("score_deblurrer", "evaluate", path, settings, (*inputs, weights))

    def _prepared(self) -> tuple[str, ...]:
        """Return the settings of every classical method, and the weights of every network's first training."""
        tuned = (self.tuned(method) for method in self.config.methods)
        return (*tuned, *(self.weights(method, snr) for method, snr in self.networks()))

    def _images(self) -> Artifact:
        settings = self._acquisition() | {
            "solvers": dump(self.config.solvers),
            "methods": {method: self.tuned(method) for method in self.config.methods},
            "networks": [[method, snr, self.weights(method, snr)] for method, snr in self.networks()],
            "test_snr": list(self.config.test_snr),
            "shown_snr": self.config.shown_snr,
        }
        inputs = (
            self.windows("train"),
            self.windows("val"),
            self.noise("val"),
            self.noise("test"),
            self.phantoms(),
            *self._prepared(),
        )
        path = f"{self.data}/reconstruct/{STUDY}/phantoms.zarr"
        return Artifact("deblurred_phantoms", "reconstruct", path, settings, inputs)

    def _pages(self, metrics: str) -> Artifact:
        inputs = (
            metrics,
            *(
                path
                for name in self._scenes("train", "val")
                for path in (self.scene(name), self.windows(name))
            ),
            self.phantoms(),
            f"{self.data}/reconstruct/{STUDY}/phantoms.zarr",
            *self._prepared(),
        )
        settings = {"study": STUDY, "figures": dump(self.params.figures), "deblurring": dump(self.config)}
        path = f"{self.results}/{STUDY}/entries.json"
        return Artifact("deblurring_figures", "figures", path, settings, inputs)
