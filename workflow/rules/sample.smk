# Parameter tables: one row a system matrix.

SAMPLE = f"{DATA}/sample/{{ensemble}}.parquet"


rule sample:
    input:
        reads(SAMPLE),
    output:
        artifact=SAMPLE,
        manifest=f"{SAMPLE}.manifest.json",
    log:
        f"logs/{PLAN.params.scale}/sample/{{ensemble}}.log",
    benchmark:
        f"logs/{PLAN.params.scale}/sample/{{ensemble}}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(1000, 1000),
        runtime=at_scale(5, 10),
    params:
        recipe=recipe(SAMPLE),
    shell:
        "mpipipe job sample --recipe {params.recipe:q} --threads {threads} --log {log}"
        " table={output.artifact}"


rule stage_sample:
    input:
        targets("sample"),
