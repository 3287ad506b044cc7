"""Artifacts of the reconstruction study (Peng 2024): data, methods, records, images, pages."""

from collections.abc import Iterator

from mpipipe.config.params import Params
from mpipipe.config.reconstruction import TRAINED, TUNED, ReconstructionMethod
from mpipipe.errors import InputError
from mpipipe.studies.artifact import Artifact, dump
from mpipipe.studies.names import slug

STUDY = "reconstruction"
# Tables are scored on this calibration; the other one is for the images of its phantoms, as in the paper.
SCORED = "openmpi"
TABLE_NAMES = ("parameters", "fixed_snr", "snr_sweep", "snr_sweep_paired", "timing", "training")


class ReconstructionPlan:
    """Where the study's artifacts lie, and the jobs that make them."""

    def __init__(self, params: Params) -> None:
        """Take the study's section, and refuse methods and data that do not fit together.

        Raises
        ------
        InputError
            When a calibration, or the training of a learned method, is not there.
        """
        self.params, self.config = params, params.reconstruction
        # The signal of a phantom is simulated, which says nothing of a measured calibration.
        measured = {name for name, one in self.config.calibrations.items() if one.file is not None}
        self.phantoms = {
            name: scene for name, scene in self.config.phantoms.items() if scene.calibration not in measured
        }
        self.data, self.results = f"data/{params.scale}", f"results/{params.scale}"
        needed = {SCORED, *(scene.calibration for scene in self.config.phantoms.values())}
        for missing in sorted(needed - set(self.config.calibrations)):
            raise InputError(
                f"params.yaml: reconstruction.calibrations: found no {missing!r}, expected it for the tables or a phantom"
            )
        for method in self.config.methods:
            if method in TRAINED and method not in self.config.training:
                raise InputError(f"params.yaml: reconstruction.training: found no {method!r}, expected one")

    # ------------------------------------------------------------------ where things lie

    def calibration(self, name: str) -> str:
        """Return the path of a system matrix with its chosen rows."""
        return f"{self.data}/scene/{STUDY}/calibration-{name}.zarr"

    def digits(self, name: str) -> str:
        """Return the path of the digit phantoms on a calibration's grid."""
        return f"{self.data}/scene/{STUDY}/digits-{name}.zarr"

    def phantom(self, name: str) -> str:
        """Return the path of a test phantom and its signal."""
        return f"{self.data}/scene/{STUDY}/phantom-{name}.zarr"

    def weights(self, calibration: str, method: str, repeat: int = 0) -> str:
        """Return the path of the weights of a method, of PP-MPI those of its denoiser."""
        return f"{self.data}/train/{STUDY}/{calibration}/{slug(method)}-{repeat}.safetensors"

    def tuned(self, calibration: str, method: str) -> str:
        """Return the path of a method's tuned settings."""
        return f"{self.data}/baseline/{STUDY}/{calibration}/{slug(method)}.json"

    def prepared(self, calibration: str, method: str, repeat: int = 0) -> tuple[str, ...]:
        """Return the paths that a method is applied from: settings, weights, or both."""
        tuned = (self.tuned(calibration, method),) if method in TUNED else ()
        trained = (self.weights(calibration, method, repeat),) if method in TRAINED else ()
        return tuned + trained

    def repeats(self, method: ReconstructionMethod) -> int:
        """Return the number of trainings of a method that is scored in each of them."""
        learned = method in TRAINED and method not in TUNED
        return self.config.training[method].repeats if learned else 1

    def result_files(self) -> list[str]:
        """Return the tables and figures of the study."""
        folder = f"{self.results}/{STUDY}"
        return [
            *(f"{folder}/tables/{name}.{kind}" for name in TABLE_NAMES for kind in ("csv", "md")),
            *(f"{folder}/figures/{name}.{kind}" for name in self.figure_names() for kind in ("png", "svg")),
        ]

    def figure_names(self) -> list[str]:
        """Return the names of the study's figures."""
        return ["digits", "calibrations", "fixed_snr_images", "snr_sweep_images", "snr_sweep_curves", "training",
                *(f"phantoms_{name}" for name in self._shown())]  # fmt: skip

    def _shown(self) -> list[str]:
        """Return the calibrations that have phantoms."""
        return list(dict.fromkeys(scene.calibration for scene in self.phantoms.values()))

    # ------------------------------------------------------------------ the artifacts, stage by stage

    def artifacts(self) -> Iterator[Artifact]:
        """Yield the jobs of the study, inputs before what is made from them."""
        for name in self.config.calibrations:
            yield from self._data(name)
        for phantom in self.phantoms:
            yield self._phantom(phantom)
        for name in self.config.calibrations:
            for method in self.config.methods:
                yield from self._preparation(name, method)
        yield from (self._images(name) for name in self._shown())
        records = [
            self._records(method, r) for method in self.config.methods for r in range(self.repeats(method))
        ]
        records.append(self._timing())
        yield from records
        yield self._examples()
        metrics = self._metrics(tuple(record.path for record in records))
        yield metrics
        yield self._pages(metrics.path)

    def _data(self, name: str) -> Iterator[Artifact]:
        calibration = dump(self.config.calibrations[name])  # type: ignore[index]
        settings = {"name": name, "calibration": calibration, "background": dump(self.params.background)}
        yield Artifact("calibration", "scene", self.calibration(name), settings)
        images = self.config.images
        counts = {"train": images.train, "val": images.val, "test": images.test}
        settings = {
            "digits": dump(self.config.digits),
            "counts": counts,
            "grid": calibration["grid"]["shape"],
        }
        yield Artifact("digits", "scene", self.digits(name), settings)

    def _phantom(self, name: str) -> Artifact:
        scene = self.phantoms[name]  # type: ignore[index]
        settings = {
            "name": name,
            "scene": dump(scene),
            "calibration": dump(self.config.calibrations[scene.calibration]),
            "background": dump(self.params.background),
        }
        return Artifact(
            "phantom", "scene", self.phantom(name), settings, (self.calibration(scene.calibration),)
        )

    def _preparation(self, name: str, method: ReconstructionMethod) -> Iterator[Artifact]:
        inputs = (self.calibration(name), self.digits(name))
        if method in TRAINED:
            # Only the first training is used where nothing is scored.
            for repeat in range(self.repeats(method) if name == SCORED else 1):
                training = dump(self.config.training[method]) | {"repeats": 1}
                settings = {
                    "calibration": name,
                    "method": method,
                    "repeat": repeat,
                    "training": training,
                    "noise": dump(self.config.signal_noise),
                }
                path = self.weights(name, method, repeat)
                yield Artifact("train_reconstructor", "train", path, settings, inputs)
        if method in TUNED:
            settings = {
                "calibration": name,
                "method": method,
                "solvers": dump(self.config.solvers),
                "search": dump(self.config.search),
                "levels_db": list(self.config.signal_noise.sweep_db),
                "images": self._count(method, self.config.images.tuning),
            }
            denoiser = (self.weights(name, method),) if method in TRAINED else ()
            yield Artifact("tune_solver", "baseline", self.tuned(name, method), settings, inputs + denoiser)

    def _count(self, method: str, images: int) -> int:
        return min(images, self.config.images.image_prior) if method == "DIP" else images

    def _records(self, method: ReconstructionMethod, repeat: int) -> Artifact:
        images = self.config.images
        settings = {
            "calibration": SCORED,
            "method": method,
            "repeat": repeat,
            "noise": dump(self.config.signal_noise),
            "images": self._count(method, images.test),
            "sweep": self._count(method, images.sweep),
            "solvers": dump(self.config.solvers),
        }
        suffix = f"-{repeat}" if method in TRAINED else ""
        path = f"{self.data}/evaluate/{STUDY}/{SCORED}/{slug(method)}{suffix}.parquet"
        inputs = (self.calibration(SCORED), self.digits(SCORED), *self.prepared(SCORED, method, repeat))
        return Artifact("score_reconstructor", "evaluate", path, settings, inputs)

    def _all_prepared(self, calibration: str) -> tuple[str, ...]:
        return tuple(path for method in self.config.methods for path in self.prepared(calibration, method))

    def _comparison(self, calibration: str) -> dict[str, object]:
        """Return the settings of a job that runs every method side by side."""
        return {
            "calibration": calibration,
            "methods": {method: list(self.prepared(calibration, method)) for method in self.config.methods},
            "solvers": dump(self.config.solvers),
        }

    def _timing(self) -> Artifact:
        settings = self._comparison(SCORED) | {
            "timing": dump(self.config.timing),
            "noise": dump(self.config.signal_noise),
            "image_prior": self.config.images.image_prior,
        }
        inputs = (self.calibration(SCORED), self.digits(SCORED), *self._all_prepared(SCORED))
        path = f"{self.data}/evaluate/{STUDY}/timing.parquet"
        return Artifact("timing", "evaluate", path, settings, inputs)

    def _examples(self) -> Artifact:
        settings = self._comparison(SCORED) | {
            "noise": dump(self.config.signal_noise),
            "count": self.params.evaluate.examples,
        }
        inputs = (self.calibration(SCORED), self.digits(SCORED), *self._all_prepared(SCORED))
        path = f"{self.data}/evaluate/{STUDY}/{SCORED}/examples.zarr"
        return Artifact("reconstruction_examples", "evaluate", path, settings, inputs)

    def _images(self, calibration: str) -> Artifact:
        names = [name for name, scene in self.phantoms.items() if scene.calibration == calibration]
        settings = self._comparison(calibration) | {"phantoms": names}
        inputs = (
            self.calibration(calibration),
            *(self.phantom(name) for name in names),
            *self._all_prepared(calibration),
        )
        path = f"{self.data}/reconstruct/{STUDY}/{calibration}.zarr"
        return Artifact("phantom_images", "reconstruct", path, settings, inputs)

    def _metrics(self, records: tuple[str, ...]) -> Artifact:
        path = f"{self.data}/evaluate/{STUDY}/metrics.parquet"
        return Artifact("metrics", "evaluate", path, {"study": STUDY}, records)

    def _pages(self, metrics: str) -> Artifact:
        names = self.config.calibrations
        inputs = (
            metrics,
            f"{self.data}/evaluate/{STUDY}/timing.parquet",
            f"{self.data}/evaluate/{STUDY}/{SCORED}/examples.zarr",
            *(f"{self.data}/reconstruct/{STUDY}/{name}.zarr" for name in self._shown()),
            *(self.calibration(name) for name in names),
            self.digits(SCORED),
            *dict.fromkeys(path for name in names for path in self._all_prepared(name)),
        )
        settings = {
            "study": STUDY,
            "figures": dump(self.params.figures),
            "reconstruction": dump(self.config),
        }
        path = f"{self.results}/{STUDY}/entries.json"
        return Artifact("reconstruction_figures", "figures", path, settings, inputs)
