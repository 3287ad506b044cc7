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
        mem_mb=memory(2000, 16000),
        runtime=at_scale(30, 240),
    params:
        job=job(SCENE),
        recipe=recipe(SCENE),
    shell:
        "mpipipe job {params.job} --recipe {params.recipe:q} --threads {threads} --log {log}"
        " scene={output.artifact}"


rule stage_scene:
    input:
        targets("scene"),
