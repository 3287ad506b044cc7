"""Sources of a job: what it imports, and nothing else."""

from mpipipe.config.sources import PACKAGE, code_digest, source_files


def names(module: str) -> set[str]:
    return {path.relative_to(PACKAGE).as_posix() for path in source_files(module)}


def test_a_job_depends_on_itself_and_on_what_it_imports() -> None:
    found = names("mpipipe.cli.jobs.simulate")
    assert {
        "cli/jobs/simulate.py",
        "physics/system_function.py",
        "physics/scanner.py",
        "storage/ensemble.py",
    } <= found


def test_a_job_does_not_depend_on_other_rooms() -> None:
    found = names("mpipipe.cli.jobs.simulate")
    assert not any(
        name.startswith(("networks/", "training/", "evaluation/", "config/params", "cli/main"))
        for name in found
    )


def test_package_data_counts() -> None:
    assert "evaluation/reference.yaml" in names("mpipipe.cli.jobs.figures")


def test_jobs_have_different_digests() -> None:
    jobs = ("sample", "simulate", "background", "train", "baseline", "evaluate", "figures")
    assert len({code_digest(f"mpipipe.cli.jobs.{job}") for job in jobs}) == len(jobs)
