"""What a job loads and opens in the package when it runs is in its sources: nothing can change behind a recipe's back."""

import json
from collections import defaultdict
from pathlib import Path

from mpipipe.config.sources import PACKAGE, source_files
from tests.workflow.conftest import Checkout
from tests.workflow.expected import JOBS

# The command that starts a job with the verbs beside it, and the front door that Python passes on the way: they compute nothing.
ON_THE_WAY = {
    "__init__.py", "errors.py", "cli/__init__.py", "cli/main.py", "cli/user.py", "cli/restore_app.py",
    "cli/job_recipe.py", "cli/job_log.py", "cli/disk_errors.py",
}  # fmt: skip


def test_what_jobs_load_and_open_is_in_their_sources(finished: Checkout) -> None:
    used: dict[str, set[str]] = defaultdict(set)
    for file in (finished.path.parent / "watch").glob("*.json"):
        arguments, names = json.loads(file.read_text())
        inside = {Path(name).relative_to(PACKAGE) for name in names if Path(name).is_relative_to(PACKAGE)}
        used[arguments[2]] |= {path.as_posix() for path in inside if "__pycache__" not in path.parts}
    assert sorted(used) == JOBS
    for job, names in used.items():
        listed = {path.relative_to(PACKAGE).as_posix() for path in source_files(f"mpipipe.cli.jobs.{job}")}
        read = {name for name in names if (PACKAGE / name).is_file()} - ON_THE_WAY
        assert read <= listed, f"{job} uses {sorted(read - listed)}"
