"""The page of results: what is measured, tables, machines."""

from collections.abc import Mapping

from benchmarks.report import table
from benchmarks.results import Part

INTRODUCTION = """\
# Speed

`make benchmark` writes this page. Every figure is a ratio of times of one run on one machine. The *floor* is what cannot be
avoided, measured beside it; a ratio in bold misses its target. Behind the time of another way stands how many times ours
it is. Each row's error against the reference path was asserted while it was measured.

![time over floor](speed.png)
"""


def render(parts: Mapping[str, Part]) -> str:
    """Return the page as Markdown."""
    sections = [section(part) for part in parts.values()]
    return "\n".join([INTRODUCTION, *sections, machines(parts)])


def section(part: Part) -> str:
    """Return heading, explanation and table of one part."""
    return f"## {part.title}\n\n{part.about.strip()}\n\n{table(part.rows)}\n\n{part.origin}.\n"


def machines(parts: Mapping[str, Part]) -> str:
    """Return a list of properties for each machine that was used."""
    used = {part.origin: part.machine for part in parts.values()}
    lists = (
        f"## {origin}\n\n" + "".join(f"- {name}: {value}\n" for name, value in about.items())
        for origin, about in used.items()
    )
    return "\n".join(lists)
