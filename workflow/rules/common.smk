# Wires the plan (mpipipe.studies.plan) to the rules: inputs, recipes, and the check of provenance.

import os
import sys

from mpipipe.cli.clock import bring_to_present
from mpipipe.cli.disk_errors import refuse_read_only
from mpipipe.cli.provenance import ADOPTING, refuse_unproven
from mpipipe.config.params import resolve
from mpipipe.errors import InputError
from mpipipe.storage.location import ENSEMBLES_VARIABLE
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
# A machine that reads the ensembles in an object store has only their manifests (docs/workflow.md, Object storage).
IN_STORE = f"{DATA}/simulate/" if os.environ.get(ENSEMBLES_VARIABLE) else None


def at_scale(laptop, paper):
    """What a rule asks for at the scale in force; where the numbers come from is in docs/cluster.md."""
    return laptop if ON_A_LAPTOP else paper


def memory(laptop, paper):
    """Resource function: memory in MB. A scheduler ends the job that exceeds it, so each further attempt asks for more."""
    return lambda wildcards, attempt: attempt * at_scale(laptop, paper)


def all_cores(wildcards):
    """Threads function: all cores of this machine; a cluster gives Snakemake no such number, there eight of a node."""
    cores = workflow.resource_settings.cores
    return 8 if cores in (None, sys.maxsize) else cores


onstart:
    try:
        refuse_read_only(PLAN.artifacts)
        bring_to_present(PLAN.artifacts)
    except InputError as error:
        print(f"mpipipe: {error}", file=sys.stderr)
        sys.exit(2)
    # To keep to its limit of jobs a second, Snakemake 9.27 begins a timer with each look at the queue, and each timer begins
    # with another look: after hundreds of jobs it looks hundreds of times a second. Jobs on this machine need no such limit.
    if workflow.local_exec:
        workflow.scheduler.job_rate_limiter = None


def whole(path):
    """An artifact and its manifest: the manifest decides (ancient), since only small files are compared by content."""
    in_store = IN_STORE is not None and path.startswith(IN_STORE)
    return [*([] if in_store else [ancient(path)]), f"{path}.manifest.json"]


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


def job(pattern):
    """Parameter function: the job module that makes the artifact at `pattern`; studies share a rule."""
    return lambda wildcards: PLAN.artifacts[pattern.format(**wildcards)].job


def targets(noun):
    """All artifacts of a stage with their manifests."""
    return [
        file for path in PLAN.targets(noun) for file in (path, f"{path}.manifest.json")
    ]


# What `snakemake --report` holds, by the ending of its file; the other forms lie beside it.
REPORTED = {".csv": "tables", ".png": "figures"}


def reported(study, path):
    """A file of a study, marked for `snakemake --report` where it is a table as CSV or a figure as PNG."""
    kind = REPORTED.get(Path(path).suffix)
    if kind is None:
        return path
    return report(
        path,
        caption=f"../report/{kind}.rst",
        category=study.replace("_", " "),
        subcategory=kind,
        labels={"name": Path(path).stem.replace("_", " ")},
    )
