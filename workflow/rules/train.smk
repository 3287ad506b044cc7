# Learned methods: one job a network; a killed training goes on from its checkpoint.

TRAIN = f"{DATA}/train/{{study}}/{{table}}/{{ensemble}}/{{method}}.safetensors"


rule train:
    input:
        reads(TRAIN),
    output:
        artifact=TRAIN,
        manifest=f"{TRAIN}.manifest.json",
    log:
        f"logs/{PLAN.params.scale}/train/{{study}}/{{table}}/{{ensemble}}/{{method}}.log",
    benchmark:
        f"logs/{PLAN.params.scale}/train/{{study}}/{{table}}/{{ensemble}}/{{method}}.tsv"
    conda:
        ENVIRONMENT
    threads: 2
    resources:
        mem_mb=8000,
        runtime=1440,
        gpu=1,
    params:
        recipe=recipe(TRAIN),
    shell:
        "mpipipe job train --recipe {params.recipe:q} --threads {threads} --log {log}"
        " weights={output.artifact}"


rule stage_train:
    input:
        targets("train"),
