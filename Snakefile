# Contents page: the rules in the order the data flow, and what a whole run is.

from pathlib import Path

from snakemake.utils import min_version

min_version("9.27")


# In place of `configfile:`, which would read the file before anything can look at its size.
include: "workflow/rules/parameters.smk"


# Jobs run in this image under --sdm apptainer (docs/container.md), and nowhere else.
container: str(Path(workflow.basedir) / "mpipipe.sif")


include: "workflow/rules/common.smk"
include: "workflow/rules/sample.smk"
include: "workflow/rules/simulate.smk"
include: "workflow/rules/background.smk"
include: "workflow/rules/scene.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/baseline.smk"
include: "workflow/rules/reconstruct.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/figures.smk"


rule all:
    default_target: True
    input:
        expand(
            f"{DATA}/evaluate/{{study}}/metrics.parquet.manifest.json",
            study=PLAN.studies,
        ),
        expand(f"{RESULTS}/{{study}}/summary.csv", study=PLAN.studies),
        f"{RESULTS}/index.html",
