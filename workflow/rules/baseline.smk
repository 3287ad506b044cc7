# Classical methods, tuned on the validation split.

BASELINE = f"{DATA}/baseline/{{study}}/{{problem}}/{{method}}.json"


rule baseline:
    input:
        reads(BASELINE),
    output:
        artifact=BASELINE,
        manifest=f"{BASELINE}.manifest.json",
    log:
        f"logs/{PLAN.params.scale}/baseline/{{study}}/{{problem}}/{{method}}.log",
    benchmark:
        f"logs/{PLAN.params.scale}/baseline/{{study}}/{{problem}}/{{method}}.tsv"
    wildcard_constraints:
        method="[^./]+",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(2000, 16000),
        runtime=at_scale(60, 480),
    params:
        job=job(BASELINE),
        recipe=recipe(BASELINE),
    shell:
        "mpipipe job {params.job} --recipe {params.recipe:q} --threads {threads} --log {log}"
        " tuned={output.artifact}"


FILTERS = f"{DATA}/baseline/{{study}}/{{problem}}/filters.zarr"


# Filters that are arrays, all of a problem in one job.
rule signal_filters:
    input:
        reads(FILTERS),
    output:
        artifact=directory(FILTERS),
        manifest=f"{FILTERS}.manifest.json",
    log:
        f"logs/{PLAN.params.scale}/baseline/{{study}}/{{problem}}/filters.log",
    benchmark:
        f"logs/{PLAN.params.scale}/baseline/{{study}}/{{problem}}/filters.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(4000, 16000),
        runtime=at_scale(60, 480),
    params:
        recipe=recipe(FILTERS),
    shell:
        "mpipipe job signal_filters --recipe {params.recipe:q} --threads {threads} --log {log}"
        " filters={output.artifact}"


rule stage_baseline:
    input:
        targets("baseline"),
