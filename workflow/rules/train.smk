# Learned methods: one job a network; a killed training goes on from its checkpoint.

TRAIN = f"{DATA}/train/{{study}}/{{problem}}/{{method}}.safetensors"


rule train:
    input:
        reads(TRAIN),
    output:
        artifact=TRAIN,
        manifest=f"{TRAIN}.manifest.json",
    log:
        f"logs/{PLAN.params.scale}/train/{{study}}/{{problem}}/{{method}}.log",
    benchmark:
        f"logs/{PLAN.params.scale}/train/{{study}}/{{problem}}/{{method}}.tsv"
    conda:
        ENVIRONMENT
    threads: 1 if ON_A_LAPTOP else 4
    resources:
        mem_mb=8000,
        runtime=1440,
        gpu=0 if ON_A_LAPTOP else 1,
    params:
        recipe=recipe(TRAIN),
    shell:
        "mpipipe job train --recipe {params.recipe:q} --threads {threads} --log {log}"
        " weights={output.artifact}"


rule stage_train:
    input:
        targets("train"),
