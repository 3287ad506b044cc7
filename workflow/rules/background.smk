# Empty-frame series that the noise of a split is cut from.

BACKGROUND = f"{DATA}/background/{{ensemble}}/{{split}}.zarr"


rule background:
    input:
        reads(BACKGROUND),
    output:
        artifact=directory(BACKGROUND),
        manifest=f"{BACKGROUND}.manifest.json",
    log:
        f"logs/{PLAN.params.scale}/background/{{ensemble}}/{{split}}.log",
    benchmark:
        f"logs/{PLAN.params.scale}/background/{{ensemble}}/{{split}}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(2000, 8000),
        runtime=at_scale(10, 60),
    params:
        recipe=recipe(BACKGROUND),
    shell:
        "mpipipe job background --recipe {params.recipe:q} --threads {threads} --log {log}"
        " series={output.artifact}"


rule stage_background:
    input:
        targets("background"),
