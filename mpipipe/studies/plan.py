"""The plan: every artifact of a run, where it lies, and the recipe that makes it.

A recipe holds the parameters that a job uses, the digest of its code, and the provenance (the digest of the
recipe) of each of its inputs. So one string a job, the same in Snakemake's parameters and in the manifest, says all
that its artifact depends on; nothing else is compared.
"""

from functools import cached_property
from typing import Any

from mpipipe.config.params import Params
from mpipipe.config.recipe import canonical_json, digest
from mpipipe.config.sources import code_digest
from mpipipe.studies.artifact import Artifact
from mpipipe.studies.deblurring_plan import DeblurringPlan
from mpipipe.studies.ensembles import Ensembles
from mpipipe.studies.inversion_plan import InversionPlan
from mpipipe.studies.reconstruction_plan import ReconstructionPlan
from mpipipe.studies.restoration_plan import RestorationPlan
from mpipipe.studies.signal_denoising_plan import SignalDenoisingPlan

StudyPlan = RestorationPlan | ReconstructionPlan | DeblurringPlan | SignalDenoisingPlan | InversionPlan
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
STUDIES = ("restoration", "reconstruction", "deblurring", "signal_denoising", "inversion")
# Sections of params.yaml that the recipes of a stage hold; the ledger tracks the same ones.
SECTIONS: dict[str, tuple[str, ...]] = {
    "sample": ("sample",),
    "simulate": ("sample", "simulate"),
    "background": ("sample", "simulate", "background"),
    "scene": ("scene", "simulate", "background", *STUDIES[1:]),
    "train": ("sample", *STUDIES, "train"),
    "baseline": ("sample", *STUDIES, "baseline"),
    "reconstruct": (*STUDIES, "reconstruct", "scene"),
    "evaluate": ("sample", "simulate", *STUDIES, "train", "evaluate"),
    "figures": ("sample", *STUDIES, "figures"),
}


class Plan:
    """All artifacts of one scale.

    Attributes
    ----------
    ensembles : Ensembles
        The sampled and simulated data that studies share.
    """

    def __init__(self, params: Params) -> None:
        self.params = params
        self.data = f"data/{params.scale}"
        self.results = f"results/{params.scale}"
        self.ensembles = Ensembles(params)
        self._recipes: dict[str, dict[str, Any]] = {}

    # A study's plan refuses a section that does not fit together; a verb that needs one study leaves the others unread.
    @cached_property
    def restoration(self) -> RestorationPlan:
        """Plan of the restoration study."""
        return RestorationPlan(self.params, self.ensembles)

    @cached_property
    def reconstruction(self) -> ReconstructionPlan:
        """Plan of the reconstruction study."""
        return ReconstructionPlan(self.params)

    @cached_property
    def deblurring(self) -> DeblurringPlan:
        """Plan of the deblurring study."""
        return DeblurringPlan(self.params)

    @cached_property
    def signal_denoising(self) -> SignalDenoisingPlan:
        """Plan of the signal-denoising study."""
        return SignalDenoisingPlan(self.params)

    @cached_property
    def inversion(self) -> InversionPlan:
        """Plan of the inversion study."""
        return InversionPlan(self.params)

    @property
    def studies(self) -> dict[str, StudyPlan]:
        """Plan of each study by name."""
        return {
            "restoration": self.restoration,
            "reconstruction": self.reconstruction,
            "deblurring": self.deblurring,
            "signal_denoising": self.signal_denoising,
            "inversion": self.inversion,
        }

    def result_files(self, study: str) -> list[str]:
        """Return the tables and figures of a study."""
        return self.studies[study].result_files()

    def study_pages(self) -> list[str]:
        """Return the pages of the studies, which the job of the front page writes too."""
        return [f"{self.results}/{study}/index.html" for study in self.studies]

    @cached_property
    def artifacts(self) -> dict[str, Artifact]:
        """Every artifact by its path, inputs before what is made from them."""
        found = list(self.ensembles.artifacts())
        for study in self.studies.values():
            found += study.artifacts()
        shown = tuple(
            artifact.path for artifact in found if artifact.noun == "figures" or _is_compared(artifact)
        )
        found.append(Artifact("gallery", "figures", f"{self.results}/index.html", {}, shown))
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


def _is_compared(artifact: Artifact) -> bool:
    """Return whether the results pages show pictures of an artifact before and after."""
    return artifact.noun == "reconstruct" or artifact.path.endswith("/examples.zarr")
