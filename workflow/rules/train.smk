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
    # First, so that no long job is left over for the end.
    priority: 1
    conda:
        ENVIRONMENT
    threads: at_scale(1, 4)
    resources:
        mem_mb=memory(4000, 16000),
        runtime=at_scale(120, 1440),
        gpu=at_scale(0, 1),
    params:
        job=job(TRAIN),
        recipe=recipe(TRAIN),
    shell:
        "mpipipe job {params.job} --recipe {params.recipe:q} --threads {threads} --log {log}"
        " weights={output.artifact}"


rule stage_train:
    input:
        targets("train"),
