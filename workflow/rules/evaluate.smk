# Records of each method on the test split, their summary, and example components.

EVALUATE = f"{DATA}/evaluate/{{study}}/{{table}}/{{ensemble}}/{{method}}.parquet"


rule evaluate:
    input:
        reads(EVALUATE),
    output:
        artifact=EVALUATE,
        manifest=f"{EVALUATE}.manifest.json",
    log:
        f"logs/{PLAN.params.scale}/evaluate/{{study}}/{{table}}/{{ensemble}}/{{method}}.log",
    benchmark:
        f"logs/{PLAN.params.scale}/evaluate/{{study}}/{{table}}/{{ensemble}}/{{method}}.tsv"
    conda:
        ENVIRONMENT
    threads: 2
    resources:
        mem_mb=8000,
        runtime=240,
    params:
        recipe=recipe(EVALUATE),
    shell:
        "mpipipe job evaluate --recipe {params.recipe:q} --threads {threads} --log {log}"
        " records={output.artifact}"


EXAMPLES = f"{DATA}/evaluate/{{study}}/{{table}}/{{ensemble}}/examples.zarr"


rule examples:
    input:
        reads(EXAMPLES),
    output:
        artifact=directory(EXAMPLES),
        manifest=f"{EXAMPLES}.manifest.json",
    log:
        f"logs/{PLAN.params.scale}/evaluate/{{study}}/{{table}}/{{ensemble}}/examples.log",
    benchmark:
        f"logs/{PLAN.params.scale}/evaluate/{{study}}/{{table}}/{{ensemble}}/examples.tsv"
    conda:
        ENVIRONMENT
    threads: 2
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        recipe=recipe(EXAMPLES),
    shell:
        "mpipipe job examples --recipe {params.recipe:q} --threads {threads} --log {log}"
        " examples={output.artifact}"


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
        mem_mb=4000,
        runtime=30,
    params:
        recipe=recipe(METRICS),
    shell:
        "mpipipe job metrics --recipe {params.recipe:q} --threads {threads} --log {log}"
        " metrics={output.artifact} summary={output.summary}"


rule stage_evaluate:
    input:
        targets("evaluate"),
