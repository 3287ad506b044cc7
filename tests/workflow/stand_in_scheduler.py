#!/usr/bin/env python3
"""Stands in for the commands of PBS, SGE and LSF: takes down each call, and runs jobs in the background.

The name that it is called by is the command; the folder STAND_IN holds the calls and the exit status of each job. The
first job fails without being run.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

FOLDER = Path(os.environ["STAND_IN"])
SUBMITTED = {"pbs": "{}.head", "sge": "{}", "lsf": "Job <{}> is submitted to default queue <normal>."}
STATES = {
    "qstat pbs": ("    job_state = R", "    job_state = F\n    Exit_status = {}"),
    "qstat sge": ("job_number: 1", "Following jobs do not exist: "),
    "qacct sge": ("error: job id not found", "failed       0\nexit_status  {}"),
    "bjobs lsf": ("RUN", ""),
}


def main(command: str, arguments: list[str]) -> None:
    scheduler = os.environ["MPIPIPE_SCHEDULER"]
    with (FOLDER / "calls.jsonl").open("a") as file:
        print(json.dumps([command, *arguments]), file=file)
    if command in ("qsub", "bsub"):
        print(SUBMITTED[scheduler].format(_submit(arguments[-1])))
    elif f"{command} {scheduler}" in STATES:
        print(_state(f"{command} {scheduler}", arguments[-1].removesuffix(".head")))


def _submit(script: str) -> int:
    number = len(list(FOLDER.glob("*.job"))) + 1
    (FOLDER / f"{number}.job").touch()
    run = "false" if number == 1 else f"sh '{script}'"
    with (FOLDER / f"{number}.log").open("w") as log:
        subprocess.Popen(
            ["sh", "-c", f"{run}; echo $? > '{FOLDER}/{number}.part'; mv '{FOLDER}/{number}.part' '{FOLDER}/{number}.exit'"],
            stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    return number


def _state(question: str, number: str) -> str:
    running, ended = STATES[question]
    path = FOLDER / f"{number}.exit"
    if not path.exists():
        return running
    status = path.read_text().strip()
    if question == "bjobs lsf":
        return "DONE" if status == "0" else "EXIT"
    return ended.format(status)


main(Path(sys.argv[0]).name, sys.argv[1:])
