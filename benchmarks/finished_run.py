"""Jobs of a finished run, from Snakemake's log and the jobs' own benchmark files."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

JOB = re.compile(
    r"^\[(?P<start>.+)\]\n(?:local)?rule (?P<rule>\w+):\n(?P<fields>(?:    .+\n)+)", re.MULTILINE
)
END = re.compile(r"^\[(?P<end>.+)\]\nFinished jobid: (?P<id>\d+)", re.MULTILINE)
FIRST_STUDY = "restoration"


@dataclass(frozen=True)
class Job:
    """A job of a run.

    Attributes
    ----------
    start, end : float
        Seconds from the start of the run, as the log has them, to the second.
    threads : int
        Cores that it held.
    benchmark : Path
        Its benchmark file, ``logs/<scale>/<noun>/…``.
    seconds : float
        Time of the command by its benchmark file; by the log where a later run replaced that file.
    peak_MB : float
        Largest resident set, by the benchmark file; 0 where it is gone or the job was too short to be looked at.
    """

    start: float
    end: float
    threads: int
    benchmark: Path
    seconds: float
    peak_MB: float

    @property
    def noun(self) -> str:
        """What it makes, the first folder below the scale."""
        return self.benchmark.parts[2]

    def study(self, studies: tuple[str, ...]) -> str:
        """Return the study that it belongs to; what bears no study's name is data of the first one."""
        own = self.benchmark.with_suffix("").parts[3:]
        return next((part for part in own if part in studies), FIRST_STUDY)


@dataclass(frozen=True)
class FinishedRun:
    """Jobs of a run, its cores, and its wall time in seconds."""

    jobs: tuple[Job, ...]
    cores: int
    wall: float

    @property
    def alone(self) -> float:
        """Seconds in which no job runs."""
        found, busy_until = 0.0, 0.0
        for job in self.jobs:
            found += max(job.start - busy_until, 0)
            busy_until = max(busy_until, job.end)
        return found

    @property
    def held(self) -> float:
        """The cores' time that jobs hold: the sum of threads times seconds, in seconds."""
        return sum(job.threads * job.seconds for job in self.jobs)

    @property
    def idle_share(self) -> float:
        """Share of the cores' time that no job holds: (C wall - held) / (C wall)."""
        return 1 - self.held / (self.cores * self.wall)


def read_run(log: Path) -> FinishedRun:
    """Read the jobs of a log in ``.snakemake/log`` that ended well; their benchmark files are in the checkout around it."""
    text = log.read_text(encoding="utf-8")
    began = _seconds(_found(r"Date: (.{19})", text), "%Y-%m-%d %H:%M:%S")
    jobs = tuple(sorted(_jobs(log.resolve().parents[2], text, began), key=lambda job: job.start))
    return FinishedRun(jobs, int(_found(r"Provided cores: (\d+)", text)), max(job.end for job in jobs))


def longest_log(checkout: Path) -> Path:
    """Return the largest log of a checkout, that of its whole run."""
    return max((checkout / ".snakemake/log").glob("*.log"), key=lambda path: path.stat().st_size)


def _jobs(checkout: Path, text: str, began: float) -> Iterator[Job]:
    ends = {match["id"]: _seconds(match["end"]) for match in END.finditer(text)}
    for match in JOB.finditer(text):
        fields = dict(re.findall(r"^    (\w+): (.*)$", match["fields"], re.MULTILINE))
        if fields["jobid"] not in ends or "benchmark" not in fields:
            continue
        start, end, name = _seconds(match["start"]), ends[fields["jobid"]], Path(fields["benchmark"])
        seconds, peak = _measured(checkout / name, start, end)
        yield Job(start - began, end - began, int(fields.get("threads", 1)), name, seconds, peak)


def _measured(benchmark: Path, start: float, end: float) -> tuple[float, float]:
    """Return seconds and largest resident set of a job's benchmark file if it is of this run."""
    if not benchmark.is_file() or not start - 1 <= benchmark.stat().st_mtime <= end + 1:
        return end - start, 0.0
    titles, values = (line.split("\t") for line in benchmark.read_text().splitlines()[:2])
    row = dict(zip(titles, values, strict=True))
    return float(row["s"]), float(row["max_rss"]) if row["max_rss"] not in ("-", "NA") else 0.0


def _seconds(stamp: str, form: str = "%a %b %d %H:%M:%S %Y") -> float:
    return datetime.strptime(stamp, form).timestamp()


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    if match is None:
        raise SystemExit(f"found no {pattern!r} in the log, expected a log of Snakemake")
    return match[1]
