# Contents page: the rules in the order the data flow, and what a whole run is.

from pathlib import Path

from snakemake.utils import min_version

min_version("9.27")


configfile: Path(workflow.basedir) / "params.yaml"


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
        f"{DATA}/evaluate/restoration/metrics.parquet.manifest.json",
        f"{RESULTS}/restoration/summary.csv",
        f"{RESULTS}/index.html",
