"""Where the wall time of a finished run went, stage by stage and study by study.

``python -m benchmarks.run_timeline [CHECKOUT] [--out results/benchmarks]`` reads the log of Snakemake and the benchmark files
of the jobs, and writes a page ``<scale>_run.md`` and a picture ``<scale>_run.png``.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from benchmarks import machine
from benchmarks.finished_run import FinishedRun, Job, longest_log, read_run
from mpipipe.evaluation import figures

STUDIES = ("restoration", "reconstruction", "deblurring", "signal_denoising", "inversion")
COLOURS = dict(
    zip(
        STUDIES, (figures.BLUE, figures.ORANGE, figures.GREEN, figures.VERMILION, figures.PURPLE), strict=True
    )
)
WIDTH, LANE, STAGE = 10.0, 0.35, 0.24
"""In inches: the picture, the lane of a core, the row of a stage."""

PAGE = """\
# Wall time of the {scale} run

`python -m benchmarks.run_timeline` wrote this page from the log of one whole run, {date}: {jobs} jobs on {cores} cores in
**{minutes:.1f} min** ({origin}). For {alone:.1%} of that time no job ran; {idle:.1%} of the cores' time was held by no job.

![timeline]({scale}_run.png)

Minutes on a core (seconds of each job times the cores that it holds), by stage and study. What all studies share and what
the first one began with, the simulated system matrices, stands under restoration.

{table}

The longest jobs:

{longest}
"""


def write(checkout: Path, out: Path) -> str:
    """Write page and picture of the longest run of a checkout, and return the page."""
    log = longest_log(checkout)
    run = read_run(log)
    scale = run.jobs[0].benchmark.parts[1]
    about = machine.describe()
    caption = f"scale {scale}, {len(run.jobs)} jobs, {run.cores} cores, {machine.headline(about)}"
    page = PAGE.format(
        scale=scale,
        date=datetime.fromtimestamp(log.stat().st_mtime, UTC).date().isoformat(),
        jobs=len(run.jobs),
        cores=run.cores,
        minutes=run.wall / 60,
        origin=machine.headline(about),
        alone=run.alone / run.wall,
        idle=run.idle_share,
        table=_table(_stages(run)),
        longest=_longest(run),
    )
    out.mkdir(parents=True, exist_ok=True)
    (out / f"{scale}_run.png").write_bytes(figures.render(draw(run, caption), dpi=150).png)
    (out / f"{scale}_run.md").write_text(page, encoding="utf-8")
    return page


def draw(run: FinishedRun, caption: str) -> Figure:
    """Draw the jobs of the cores over time, and the time on a core of each stage."""
    stages, lanes = _stages(run), list(_lanes(run))
    heights = (run.cores * LANE, len(stages) * STAGE)
    height = sum(heights) + 2.0
    with figures.style():
        figure = Figure(figsize=(WIDTH, height))
        top = figure.add_axes((0.13, 1 - (heights[0] + 0.6) / height, 0.84, heights[0] / height))
        bottom = figure.add_axes((0.13, 0.75 / height, 0.84, heights[1] / height))
        _draw_lanes(top, run, lanes)
        _draw_stages(bottom, stages)
        keys = [Patch(color=COLOURS[study], label=study.replace("_", " ")) for study in STUDIES]
        figure.legend(handles=keys, ncols=len(keys), loc="upper center")
        figure.text(0.01, 0.1 / height, caption, color=figures.FOOTER_GREY, fontsize=6.5)
    return figure


def _draw_lanes(axes: Axes, run: FinishedRun, lanes: list[tuple[Job, int]]) -> None:
    for job, lane in lanes:
        axes.broken_barh(
            [(job.start / 60, max(job.end - job.start, 0.5) / 60)],
            (lane + 0.05, 0.9),
            color=COLOURS[job.study(STUDIES)],
            linewidth=0,
        )
    axes.set(xlim=(0, run.wall / 60), ylim=(run.cores, 0), xlabel="wall time (min)")
    axes.set_yticks([lane + 0.5 for lane in range(run.cores)], [f"core {n + 1}" for n in range(run.cores)])


def _draw_stages(axes: Axes, stages: Mapping[str, Mapping[str, float]]) -> None:
    for place, own in enumerate(stages.values()):
        left = 0.0
        for study in STUDIES:
            axes.barh(place, own.get(study, 0.0), left=left, height=0.75, color=COLOURS[study])
            left += own.get(study, 0.0)
    axes.set_yticks(range(len(stages)), [name.replace("_", " ") for name in stages])
    axes.invert_yaxis()
    axes.set_xlabel("time on a core (min)")


def _stages(run: FinishedRun) -> dict[str, dict[str, float]]:
    """Return minutes on a core by noun and study, nouns in the order of their first jobs."""
    found: dict[str, dict[str, float]] = {}
    for job in run.jobs:
        own = found.setdefault(job.noun, defaultdict(float))
        own[job.study(STUDIES)] += job.threads * job.seconds / 60
    return found


def _lanes(run: FinishedRun) -> Iterator[tuple[Job, int]]:
    """Yield each job with the cores that it is drawn on: the first ones that are free when it starts."""
    free = [0.0] * run.cores
    for job in run.jobs:
        order = sorted(range(run.cores), key=lambda lane: (free[lane] > job.start, lane))
        for lane in order[: job.threads]:
            free[lane] = job.end
            yield job, lane


def _table(stages: Mapping[str, Mapping[str, float]]) -> str:
    total = {study: sum(own.get(study, 0.0) for own in stages.values()) for study in STUDIES}
    rows = [*((name.replace("_", " "), own) for name, own in stages.items()), ("**all**", total)]
    cells = [
        [
            name,
            *(f"{own[study]:.1f}" if own.get(study) else "" for study in STUDIES),
            f"{sum(own.values()):.1f}",
        ]
        for name, own in rows
    ]
    return _markdown(["stage", *(study.replace("_", " ") for study in STUDIES), "all"], cells)


def _longest(run: FinishedRun, count: int = 10) -> str:
    jobs = sorted(run.jobs, key=lambda job: -job.seconds)[:count]
    cells = [
        [
            f"`{'/'.join(job.benchmark.with_suffix('').parts[2:])}`",
            f"{job.seconds:.0f}",
            str(job.threads),
            f"{job.peak_MB:.0f}" if job.peak_MB else "–",
        ]
        for job in jobs
    ]
    return _markdown(["job", "s", "cores", "largest resident set (MB)"], cells)


def _markdown(titles: list[str], cells: list[list[str]]) -> str:
    rows = [titles, ["---", *["---:"] * (len(titles) - 1)], *cells]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def main() -> None:
    """Read the arguments and write page and picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("checkout", nargs="?", type=Path, default=Path(), help="folder of the finished run")
    parser.add_argument("--out", type=Path, default=Path("results/benchmarks"), help="folder to write")
    arguments = parser.parse_args()
    print(write(arguments.checkout, arguments.out))


if __name__ == "__main__":
    main()
