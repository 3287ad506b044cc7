# Records of each method on the test split, their summary, and example components.

EVALUATE = f"{DATA}/evaluate/{{study}}/{{problem}}/{{method}}.parquet"


rule evaluate:
    input:
        reads(EVALUATE),
    output:
        artifact=EVALUATE,
        manifest=f"{EVALUATE}.manifest.json",
    log:
        f"logs/{PLAN.params.scale}/evaluate/{{study}}/{{problem}}/{{method}}.log",
    benchmark:
        f"logs/{PLAN.params.scale}/evaluate/{{study}}/{{problem}}/{{method}}.tsv"
    conda:
        ENVIRONMENT
    threads: at_scale(1, 4)
    resources:
        mem_mb=memory(4000, 16000),
        runtime=at_scale(60, 1440),
    params:
        job=job(EVALUATE),
        recipe=recipe(EVALUATE),
    shell:
        "mpipipe job {params.job} --recipe {params.recipe:q} --threads {threads} --log {log}"
        " records={output.artifact}"


EXAMPLES = f"{DATA}/evaluate/{{study}}/{{problem}}/examples.zarr"


rule examples:
    input:
        reads(EXAMPLES),
    output:
        artifact=directory(EXAMPLES),
        manifest=f"{EXAMPLES}.manifest.json",
    log:
        f"logs/{PLAN.params.scale}/evaluate/{{study}}/{{problem}}/examples.log",
    benchmark:
        f"logs/{PLAN.params.scale}/evaluate/{{study}}/{{problem}}/examples.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(4000, 16000),
        runtime=at_scale(30, 120),
    params:
        job=job(EXAMPLES),
        recipe=recipe(EXAMPLES),
    shell:
        "mpipipe job {params.job} --recipe {params.recipe:q} --threads {threads} --log {log}"
        " examples={output.artifact}"


OVERVIEW = f"{DATA}/evaluate/{{study}}/overview.zarr"


rule overview:
    input:
        reads(OVERVIEW),
    output:
        artifact=directory(OVERVIEW),
        manifest=f"{OVERVIEW}.manifest.json",
    log:
        f"logs/{PLAN.params.scale}/evaluate/{{study}}/overview.log",
    benchmark:
        f"logs/{PLAN.params.scale}/evaluate/{{study}}/overview.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(1000, 4000),
        runtime=at_scale(10, 30),
    params:
        recipe=recipe(OVERVIEW),
    shell:
        "mpipipe job overview --recipe {params.recipe:q} --threads {threads} --log {log}"
        " overview={output.artifact}"


ROBUSTNESS = f"{DATA}/evaluate/{{study}}/robustness.parquet"


rule robustness:
    input:
        reads(ROBUSTNESS),
    output:
        artifact=ROBUSTNESS,
        manifest=f"{ROBUSTNESS}.manifest.json",
    log:
        f"logs/{PLAN.params.scale}/evaluate/{{study}}/robustness.log",
    benchmark:
        f"logs/{PLAN.params.scale}/evaluate/{{study}}/robustness.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(4000, 16000),
        runtime=at_scale(30, 480),
    params:
        recipe=recipe(ROBUSTNESS),
    shell:
        "mpipipe job robustness --recipe {params.recipe:q} --threads {threads} --log {log}"
        " records={output.artifact}"


TIMING = f"{DATA}/evaluate/{{study}}/timing.parquet"


# Nothing runs beside it.
rule timing:
    input:
        reads(TIMING),
    output:
        artifact=TIMING,
        manifest=f"{TIMING}.manifest.json",
    log:
        f"logs/{PLAN.params.scale}/evaluate/{{study}}/timing.log",
    benchmark:
        f"logs/{PLAN.params.scale}/evaluate/{{study}}/timing.tsv"
    conda:
        ENVIRONMENT
    threads: all_cores
    resources:
        mem_mb=memory(4000, 16000),
        runtime=at_scale(30, 120),
    params:
        recipe=recipe(TIMING),
    shell:
        "mpipipe job timing --recipe {params.recipe:q} --threads {threads} --log {log}"
        " records={output.artifact}"


METRICS = f"{DATA}/evaluate/{{study}}/metrics.parquet"


rule metrics:
    input:
        reads(METRICS),
    output:
        artifact=METRICS,
        manifest=f"{METRICS}.manifest.json",
        summary=f"{RESULTS}/{{study}}/summary.csv",
    log:
        f"logs/{PLAN.params.scale}/evaluate/{{study}}/metrics.log",
    benchmark:
        f"logs/{PLAN.params.scale}/evaluate/{{study}}/metrics.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(2000, 8000),
        runtime=at_scale(15, 60),
    params:
        recipe=recipe(METRICS),
    shell:
        "mpipipe job metrics --recipe {params.recipe:q} --threads {threads} --log {log}"
        " metrics={output.artifact} summary={output.summary}"


rule stage_evaluate:
    input:
        targets("evaluate"),
