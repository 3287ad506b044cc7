# Classical methods, tuned on the validation split.

BASELINE = f"{DATA}/baseline/{{study}}/{{problem}}/{{method}}.json"


rule baseline:
    input:
        reads(BASELINE),
    output:
        artifact=BASELINE,
        manifest=f"{BASELINE}.manifest.json",
    log:
        f"logs/{PLAN.params.scale}/baseline/{{study}}/{{problem}}/{{method}}.log",
    benchmark:
        f"logs/{PLAN.params.scale}/baseline/{{study}}/{{problem}}/{{method}}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        recipe=recipe(BASELINE),
    shell:
        "mpipipe job baseline --recipe {params.recipe:q} --threads {threads} --log {log}"
        " tuned={output.artifact}"


rule stage_baseline:
    input:
        targets("baseline"),
