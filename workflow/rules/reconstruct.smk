# Images of the phantoms from the true, the noisy and each restored system matrix.

RECONSTRUCT = f"{DATA}/reconstruct/{{study}}/{{phantom}}.zarr"


rule reconstruct:
    input:
        reads(RECONSTRUCT),
    output:
        artifact=directory(RECONSTRUCT),
        manifest=f"{RECONSTRUCT}.manifest.json",
    log:
        f"logs/{PLAN.params.scale}/reconstruct/{{study}}/{{phantom}}.log",
    benchmark:
        f"logs/{PLAN.params.scale}/reconstruct/{{study}}/{{phantom}}.tsv"
    conda:
        ENVIRONMENT
    threads: at_scale(1, 4)
    resources:
        mem_mb=memory(6000, 32000),
        runtime=at_scale(30, 480),
    params:
        job=job(RECONSTRUCT),
        recipe=recipe(RECONSTRUCT),
    shell:
        "mpipipe job {params.job} --recipe {params.recipe:q} --threads {threads} --log {log}"
        " images={output.artifact}"


rule stage_reconstruct:
    input:
        targets("reconstruct"),
