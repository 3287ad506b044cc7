# Phantoms: concentration, calibration matrix, and the signal simulated on a finer grid.

SCENE = f"{DATA}/scene/{{phantom}}.zarr"


rule scene:
    input:
        reads(SCENE),
    output:
        artifact=directory(SCENE),
        manifest=f"{SCENE}.manifest.json",
    log:
        f"logs/{PLAN.params.scale}/scene/{{phantom}}.log",
    benchmark:
        f"logs/{PLAN.params.scale}/scene/{{phantom}}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        recipe=recipe(SCENE),
    shell:
        "mpipipe job scene --recipe {params.recipe:q} --threads {threads} --log {log}"
        " scene={output.artifact}"


rule stage_scene:
    input:
        targets("scene"),
