# Tables and figures of each study, and the page that shows them all.

FIGURES = f"{RESULTS}/restoration/entries.json"


rule figures:
    input:
        reads(FIGURES),
    output:
        artifact=FIGURES,
        manifest=f"{FIGURES}.manifest.json",
        files=PLAN.result_files("restoration"),
    log:
        f"logs/{PLAN.params.scale}/figures/restoration.log",
    benchmark:
        f"logs/{PLAN.params.scale}/figures/restoration.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        recipe=recipe(FIGURES),
    shell:
        "mpipipe job figures --recipe {params.recipe:q} --threads {threads} --log {log}"
        " entries={output.artifact}"


GALLERY = f"{RESULTS}/index.html"


rule gallery:
    input:
        reads(GALLERY),
    output:
        artifact=GALLERY,
        manifest=f"{GALLERY}.manifest.json",
    log:
        f"logs/{PLAN.params.scale}/figures/index.log",
    benchmark:
        f"logs/{PLAN.params.scale}/figures/index.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        recipe=recipe(GALLERY),
    shell:
        "mpipipe job gallery --recipe {params.recipe:q} --threads {threads} --log {log}"
        " page={output.artifact}"


rule stage_figures:
    input:
        targets("figures"),
