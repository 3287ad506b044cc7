"""PBS, SGE and LSF: how a job is submitted, asked for and cancelled; one class a scheduler.

The environment variable MPIPIPE_SCHEDULER names the scheduler; MPIPIPE_SUBMIT_OPTIONS is added to each submission.
"""

import json
import math
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

PROPERTIES = "# properties = "  # the line of Snakemake's job script that holds the job as JSON
RUNNING, SUCCESS, FAILED = "running", "success", "failed"  # the words that Snakemake's plugin understands


@dataclass(frozen=True)
class Request:
    """What a job asks for.

    Attributes
    ----------
    name : str
        Name of the rule, shown in the queue.
    threads, memory_mb, minutes, gpus : int
        Processors on one node, memory in MB for all of them, longest run time, GPUs.
    """

    name: str
    threads: int
    memory_mb: int
    minutes: int
    gpus: int


def request(script: Path) -> Request:
    """Return what the job in a script of Snakemake asks for."""
    (line,) = (line for line in script.read_text().splitlines() if line.startswith(PROPERTIES))
    job = json.loads(line.removeprefix(PROPERTIES))
    asked = job["resources"]
    return Request(
        name=job.get("rule", "group"),
        threads=job["threads"],
        memory_mb=asked["mem_mb"],
        minutes=asked["runtime"],
        gpus=asked.get("gpu", 0),
    )


class Scheduler(Protocol):
    """A scheduler's commands."""

    def submission(self, job: Request, logs: Path) -> list[str]:
        """Return the command, without the script, that submits a job whose output goes to a folder."""

    def number(self, answer: str) -> str:
        """Return the job's number from what the submission printed."""

    def state(self, number: str) -> str:
        """Return `running`, `success` or `failed`."""

    def cancellation(self) -> list[str]:
        """Return the command that cancels the jobs whose numbers follow."""


class PBS:
    """PBS Professional and OpenPBS. The server must keep finished jobs (`job_history_enable=True`)."""

    def submission(self, job: Request, logs: Path) -> list[str]:
        """Return the command: one chunk of a node."""
        chunk = f"select=1:ncpus={job.threads}:mem={job.memory_mb}mb"
        if job.gpus:
            chunk += f":ngpus={job.gpus}"
        return [
            "qsub", "-N", job.name, "-V", "-j", "oe", "-o", f"{logs}/",
            "-l", chunk, "-l", f"walltime={_clock(job)}:00",
        ]  # fmt: skip

    def number(self, answer: str) -> str:
        """Return the number with its server, such as 12.head."""
        return answer.strip()

    def state(self, number: str) -> str:
        """Return the state; the exit status of a finished job stands in its record."""
        answer = _answer("qstat", "-x", "-f", number)
        if re.search("job_state = F", answer):
            return SUCCESS if re.search(r"Exit_status = 0\b", answer) else FAILED
        return _unless_unknown(answer)

    def cancellation(self) -> list[str]:
        """Return the command that cancels."""
        return ["qdel"]


class SGE:
    """Grid Engine. The parallel environment `smp` and the complex `gpu` are what most sites call them."""

    parallel_environment, gpu = "smp", "gpu"

    def submission(self, job: Request, logs: Path) -> list[str]:
        """Return the command; memory is counted for each slot."""
        limits = [f"h_vmem={math.ceil(job.memory_mb / job.threads)}M", f"h_rt={_clock(job)}:00"]
        if job.gpus:
            limits.append(f"{self.gpu}={job.gpus}")
        return [
            "qsub", "-terse", "-N", job.name, "-V", "-cwd", "-j", "y", "-o", str(logs),
            "-pe", self.parallel_environment, str(job.threads), "-l", ",".join(limits),
        ]  # fmt: skip

    def number(self, answer: str) -> str:
        """Return the number, all that `-terse` prints."""
        return answer.strip()

    def state(self, number: str) -> str:
        """Return the state: a job that has left the queue stands in the accounting, which may lag behind."""
        queued = _answer("qstat", "-j", number)
        if "do not exist" not in queued:
            return FAILED if re.search(r"error reason", queued) else RUNNING
        ended = _answer("qacct", "-j", number)
        if "not found" in ended:
            return RUNNING
        fine = re.search(r"^failed +0\b", ended, re.MULTILINE) and re.search(
            r"^exit_status +0\b", ended, re.MULTILINE
        )
        return SUCCESS if fine else FAILED

    def cancellation(self) -> list[str]:
        """Return the command that cancels."""
        return ["qdel"]


class LSF:
    """LSF. Memory has its unit, so that `LSF_UNIT_FOR_LIMITS` of the site does not matter."""

    def submission(self, job: Request, logs: Path) -> list[str]:
        """Return the command; all processors are on one host."""
        command = [
            "bsub", "-J", job.name, "-o", f"{logs}/{job.name}.%J.log", "-n", str(job.threads), "-W", _clock(job),
            "-M", f"{job.memory_mb}MB", "-R", f"span[hosts=1] rusage[mem={job.memory_mb}MB]",
        ]  # fmt: skip
        return [*command, "-gpu", f"num={job.gpus}"] if job.gpus else command

    def number(self, answer: str) -> str:
        """Return the number that stands in `Job <12> is submitted to queue <normal>.`, the answer of bsub."""
        found = re.search(r"Job <(\d+)>", answer)
        if not found:
            sys.exit(f"bsub: found {answer!r}, expected 'Job <number> is submitted'")
        return found[1]

    def state(self, number: str) -> str:
        """Return the state, which is known for an hour after the end (CLEAN_PERIOD)."""
        answer = _answer("bjobs", "-noheader", "-o", "stat", number)
        words = {"DONE": SUCCESS, "EXIT": FAILED}
        return words.get(answer.strip()) or _unless_unknown(answer)

    def cancellation(self) -> list[str]:
        """Return the command that cancels."""
        return ["bkill"]


SCHEDULERS: dict[str, Scheduler] = {"pbs": PBS(), "sge": SGE(), "lsf": LSF()}


def scheduler() -> Scheduler:
    """Return the scheduler that MPIPIPE_SCHEDULER names."""
    name = os.environ.get("MPIPIPE_SCHEDULER", "")
    if name not in SCHEDULERS:
        sys.exit(f"MPIPIPE_SCHEDULER: found {name!r}, expected one of {', '.join(SCHEDULERS)}")
    return SCHEDULERS[name]


def submit(script: Path, logs: Path) -> str:
    """Submit a job script of Snakemake and return the job's number."""
    logs.mkdir(parents=True, exist_ok=True)
    where, options = scheduler(), shlex.split(os.environ.get("MPIPIPE_SUBMIT_OPTIONS", ""))
    command = [*where.submission(request(script), logs), *options, str(script)]
    done = subprocess.run(command, check=False, text=True, stdout=subprocess.PIPE)
    if done.returncode != 0:  # the scheduler has said why on standard error
        sys.exit(done.returncode)
    return where.number(done.stdout)


def _clock(job: Request) -> str:
    """Return hours and minutes."""
    return f"{job.minutes // 60:02d}:{job.minutes % 60:02d}"


def _unless_unknown(answer: str) -> str:
    """Return `failed` for a job that the scheduler does not know, else `running`: it may just be too busy to answer."""
    return FAILED if re.search("unknown job|not found", answer, re.IGNORECASE) else RUNNING


def _answer(*command: str) -> str:
    """Return what a command prints, on both streams and whatever its exit status."""
    return subprocess.run(
        command, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ).stdout
