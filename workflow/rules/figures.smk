# Tables and figures of each study, and the pages that show them all.


report: "../report/workflow.rst"


for study in PLAN.studies:
    FIGURES = f"{RESULTS}/{study}/entries.json"

    rule:
        name:
            f"figures_{study}"
        input:
            reads(FIGURES),
        output:
            artifact=FIGURES,
            manifest=f"{FIGURES}.manifest.json",
            files=[reported(study, path) for path in PLAN.result_files(study)],
        log:
            f"logs/{PLAN.params.scale}/figures/{study}.log",
        benchmark:
            f"logs/{PLAN.params.scale}/figures/{study}.tsv"
        conda:
            ENVIRONMENT
        threads: 1
        resources:
            mem_mb=memory(2000, 8000),
            runtime=at_scale(15, 60),
        params:
            job=job(FIGURES),
            recipe=recipe(FIGURES),
        shell:
            "mpipipe job {params.job} --recipe {params.recipe:q} --threads {threads} --log {log}"
            " entries={output.artifact}"


GALLERY = f"{RESULTS}/index.html"


rule gallery:
    input:
        reads(GALLERY),
    output:
        artifact=GALLERY,
        manifest=f"{GALLERY}.manifest.json",
        pages=PLAN.study_pages(),
        parts=directory(f"{RESULTS}/pages"),
    log:
        f"logs/{PLAN.params.scale}/figures/index.log",
    benchmark:
        f"logs/{PLAN.params.scale}/figures/index.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(1000, 1000),
        runtime=at_scale(5, 10),
    params:
        recipe=recipe(GALLERY),
    shell:
        "mpipipe job gallery --recipe {params.recipe:q} --threads {threads} --log {log}"
        " page={output.artifact}"


rule stage_figures:
    input:
        targets("figures"),
