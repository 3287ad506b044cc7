"""Artifacts of the ensembles: parameter tables, system matrices in parts, and empty-frame series."""

from collections.abc import Iterator
from math import lcm

from mpipipe.config.params import Params
from mpipipe.config.sample import Ensemble
from mpipipe.errors import InputError
from mpipipe.studies.artifact import Artifact, dump

SPLITS = ("train", "val", "test")
CHANNELS = 3


class Ensembles:
    """Where the ensembles lie, and the jobs that make them."""

    def __init__(self, params: Params) -> None:
        self._params, self._data = params, f"data/{params.scale}"

    def size(self, ensemble: str) -> Ensemble:
        """Return dimension and size of an ensemble; an unknown name is an `InputError`."""
        known = self._params.sample.ensembles
        if ensemble not in known:
            raise InputError(f"params.yaml: ensemble: found {ensemble!r}, expected one of {', '.join(known)}")
        return known[ensemble]

    def table(self, ensemble: str) -> str:
        """Return the path of an ensemble's parameter table."""
        return f"{self._data}/sample/{ensemble}.parquet"

    def parts(self, ensemble: str, split: str) -> list[str]:
        """Return the paths of the parts of a split."""
        numbers = range(-(-getattr(self.size(ensemble), split) // self._per_part(ensemble)))
        return [f"{self._data}/simulate/{ensemble}/{split}-{number:03d}.zarr" for number in numbers]

    def background(self, ensemble: str, split: str) -> str:
        """Return the path of a split's background series."""
        return f"{self._data}/background/{ensemble}/{split}.zarr"

    def split(self, ensemble: str, split: str) -> tuple[str, ...]:
        """Return all that a split is made of: its parts and its background."""
        return (*self.parts(ensemble, split), self.background(ensemble, split))

    def artifacts(self) -> Iterator[Artifact]:
        """Yield the jobs of all ensembles."""
        sample = self._params.sample
        for name, size in sample.ensembles.items():
            settings = {"ensemble": name, "size": dump(size)}
            settings |= {part: dump(getattr(sample, part)) for part in ("particle", "scanner", "calibration")}
            yield Artifact("sample", "sample", self.table(name), settings)
            for split in SPLITS:
                yield from self._parts(name, split)
                yield self._background(name, split)

    def _per_part(self, ensemble: str) -> int:
        simulate = self._params.simulate
        flat = self.size(ensemble).dimension == 2
        return simulate.matrices_per_part if flat else simulate.matrices_per_part_3d

    def _parts(self, ensemble: str, split: str) -> Iterator[Artifact]:
        size, per_part = self.size(ensemble), self._per_part(ensemble)
        count = getattr(size, split)
        largest = size.grid_limits(self._params.sample.calibration)[1]
        for number, path in enumerate(self.parts(ensemble, split)):
            settings = {
                "ensemble": ensemble,
                "split": split,
                "rows": [number * per_part, min((number + 1) * per_part, count)],
                "largest_grid": [largest] * size.dimension,
                "simulate": dump(self._params.simulate),
            }
            yield Artifact("simulate", "simulate", path, settings, (self.table(ensemble),))

    def _background(self, ensemble: str, split: str) -> Artifact:
        config, dimension = self._params.background, self.size(ensemble).dimension
        dividers = self._params.sample.scanner.divider[:dimension]
        frequencies = lcm(*dividers) * self._params.simulate.oversampling // 2 + 1
        flat = dimension == 2
        settings = {
            "ensemble": ensemble,
            "split": split,
            "num_channels": CHANNELS,
            "num_frequencies": frequencies,
            "stored_frequencies": frequencies if flat else min(frequencies, config.frequencies_3d),
            "num_frames": config.num_frames if flat else config.num_frames_3d,
            "background": dump(config),
        }
        return Artifact("background", "background", self.background(ensemble, split), settings)
