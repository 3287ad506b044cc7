# System matrices in chunked, sharded Zarr: one job a part.

SIMULATE = f"{DATA}/simulate/{{ensemble}}/{{part}}.zarr"


rule simulate:
    input:
        reads(SIMULATE),
    output:
        artifact=directory(SIMULATE),
        manifest=f"{SIMULATE}.manifest.json",
    log:
        f"logs/{PLAN.params.scale}/simulate/{{ensemble}}/{{part}}.log",
    benchmark:
        f"logs/{PLAN.params.scale}/simulate/{{ensemble}}/{{part}}.tsv"
    conda:
        ENVIRONMENT
    threads: at_scale(1, 2)
    resources:
        mem_mb=memory(12000, 32000),
        runtime=at_scale(30, 240),
    params:
        recipe=recipe(SIMULATE),
    shell:
        "mpipipe job simulate --recipe {params.recipe:q} --threads {threads} --log {log}"
        " part={output.artifact}"


rule stage_simulate:
    input:
        targets("simulate"),
