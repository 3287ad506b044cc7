"""Measures the parts of the suite and writes ``benchmarks.json``, ``README.md`` and ``speed.png``.

``python -m benchmarks.run`` runs every part in a process of its own, but for the DAG of 100,000 jobs, which takes
minutes and gigabytes: ``--only large_dag``. A part is a module ``bench_<part>.py`` with a ``TITLE``,
a docstring that explains its floors, and ``rows(quick)``, which yields `Row` objects; one with figures of a GPU has
``gpu_rows(quick)`` too, which ``--gpu`` adds as a part of its own. Other parts that were measured before are kept.
"""

import argparse
import importlib
import multiprocessing
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import machine, page, results, speed_figure
from benchmarks.report import duration, ratio
from benchmarks.results import Part
from mpipipe.storage.atomic import write_bytes, write_text

PARTS = (
    "physics",
    "kaczmarz",
    "admm",
    "xspace",
    "gridding",
    "deconvolution",
    "training",
    "whole_matrix",
    "storage",
    "orchestration",
)
LONG = ("large_dag",)
"""Parts that are measured only where they are named: they take long."""
EVERY = PARTS + LONG
GPU_SUFFIX = "_gpu"


def wanted(only: Sequence[str], gpu: bool) -> list[str]:
    """Return the parts that are asked for, GPU parts behind; a line says where there is no GPU."""
    chosen = [name for name in EVERY if (name in only if only else name in PARTS)]
    if not gpu:
        return chosen
    if machine.gpu() == "none":
        print("gpu: PyTorch sees none; its rows are left out", flush=True)
        return chosen
    return chosen + [name + GPU_SUFFIX for name in chosen if hasattr(module_of(name), "gpu_rows")]


def module_of(name: str):
    """Return the module of a part."""
    return importlib.import_module(f"benchmarks.bench_{name.removesuffix(GPU_SUFFIX)}")


def measure(name: str, quick: bool) -> Part:
    """Measure one part and say each row as it comes."""
    module = module_of(name)
    on_gpu = name.endswith(GPU_SUFFIX)
    started = time.perf_counter()
    rows = []
    for row in (module.gpu_rows if on_gpu else module.rows)(quick):
        against = f", {ratio(row)} × its floor" if row.floor_seconds is not None else ""
        print(f"  {row.subject}: {duration(row.seconds)}{against}", flush=True)
        rows.append(row)
    return Part(
        title=module.TITLE + (", on a GPU" if on_gpu else ""),
        about=module.__doc__,
        machine=machine.describe(),
        date=datetime.now(UTC).date().isoformat(),
        seconds=time.perf_counter() - started,
        rows=tuple(rows),
    )


def measured(names: Sequence[str], quick: bool) -> Iterator[tuple[str, Part | None]]:
    """Yield each part, measured in a process of its own; None where it failed."""
    for number, name in enumerate(names, start=1):
        print(f"[{number}/{len(names)}] {name}", flush=True)
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            try:
                part = pool.submit(measure, name, quick).result()
            except Exception:  # whatever it is, the other parts go on
                traceback.print_exc()
                part = None
        if part is not None:
            print(f"  done in {duration(part.seconds)}", flush=True)
        yield name, part


def write(folder: Path, parts: dict[str, Part]) -> None:
    """Write the figures, their page and their plot, each file whole."""
    page_text, plot = page.render(parts), speed_figure.render(parts)
    write_text(folder / "benchmarks.json", results.as_json(parts))
    write_text(folder / "README.md", page_text)
    write_bytes(folder / "speed.png", plot)


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=EVERY, default=(), metavar="PART", help=", ".join(EVERY))
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that everything runs")
    parser.add_argument("--gpu", action="store_true", help="figures of a GPU too")
    parser.add_argument("--out", type=Path, default=Path("results/benchmarks"), help="where the results go")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and write what was found if every part succeeded; return the exit code."""
    options = parsed(arguments)
    found = dict(measured(wanted(options.only, options.gpu), options.quick))
    failed = [name for name, part in found.items() if part is None]
    if failed:
        print(f"failed: {', '.join(failed)}; nothing was written", file=sys.stderr)
        return 1
    parts = results.read(options.out / "benchmarks.json") | {k: v for k, v in found.items() if v is not None}
    order = [*EVERY, *(name + GPU_SUFFIX for name in PARTS)]
    write(options.out, {name: parts[name] for name in order if name in parts})
    print(f"written: {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
