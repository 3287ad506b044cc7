# Wires the plan (mpipipe.studies.plan) to the rules: inputs, recipes, and the check of provenance.

import os
import sys

from mpipipe.cli.provenance import ADOPTING, refuse_unproven
from mpipipe.config.params import resolve
from mpipipe.errors import InputError
from mpipipe.studies.plan import Plan

ENVIRONMENT = Path(workflow.basedir) / "workflow/envs/mpipipe.yaml"

try:
    PLAN = Plan(resolve(config))
    if workflow.is_main_process and ADOPTING not in os.environ:
        refuse_unproven(Path(PLAN.data))
except InputError as error:
    print(f"mpipipe: {error}", file=sys.stderr)
    sys.exit(2)

DATA, RESULTS = PLAN.data, PLAN.results
# Without a GPU two jobs on a core each are faster than one on two cores: nothing waits for the slower thread.
ON_A_LAPTOP = PLAN.params.scale != "paper"


def whole(path):
    """An artifact and its manifest: the manifest decides (ancient), since only small files are compared by content."""
    return [ancient(path), f"{path}.manifest.json"]


def reads(pattern):
    """Input function: the artifacts that the artifact at `pattern` is made from."""
    return lambda wildcards: [
        file
        for path in PLAN.inputs(pattern.format(**wildcards))
        for file in whole(path)
    ]


def recipe(pattern):
    """Parameter function: the canonical recipe of the artifact at `pattern`, the one thing that a rerun depends on."""
    return lambda wildcards: PLAN.recipe(pattern.format(**wildcards))


def targets(noun):
    """All artifacts of a stage with their manifests."""
    return [
        file for path in PLAN.targets(noun) for file in (path, f"{path}.manifest.json")
    ]
