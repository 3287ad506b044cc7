"""Rows as a Markdown table."""

from collections.abc import Iterable, Sequence

from benchmarks.row import Row

UNITS = ((3600.0, "h"), (60.0, "min"), (1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))


def show(title: str, rows: Iterable[Row]) -> None:
    """Print the table of a part; what a module does when it is run alone."""
    print(f"### {title}\n\n{table(list(rows))}")


def table(rows: Sequence[Row]) -> str:
    """Return rows as a Markdown table; columns that no row fills are left out."""
    others = list(dict.fromkeys(name for row in rows for name in row.others))
    more = list(dict.fromkeys(name for row in rows for name in row.more))
    columns = {
        "": [row.subject for row in rows],
        "time": [duration(row.seconds) for row in rows],
        "floor": [floor(row) for row in rows],
        "time / floor": [ratio(row) for row in rows],
        "target": ["" if row.target is None else f"{row.target:.3g}" for row in rows],
    }
    columns |= {name: [beside(row, name) for row in rows] for name in others}
    columns |= {name: [row.more.get(name, "") for row in rows] for name in more}
    columns |= {"error": [row.error for row in rows], "bound by": [row.bound_by for row in rows]}
    filled = {title: cells for title, cells in columns.items() if any(cells)}
    rules = ["---" if title in ("", "floor", "error", "bound by") else "---:" for title in filled]
    return "\n".join(line(cells) for cells in (filled, rules, *zip(*filled.values(), strict=True)))


def line(cells: Iterable[str]) -> str:
    """Return one line of a Markdown table."""
    return "| " + " | ".join(cells) + " |"


def floor(row: Row) -> str:
    """Return the floor's time and what it is."""
    if row.floor_seconds is None:
        return row.floor
    return f"{duration(row.floor_seconds)}, {row.floor}" if row.floor else duration(row.floor_seconds)


def ratio(row: Row) -> str:
    """Return time over floor, in bold where it exceeds the target."""
    if row.floor_seconds is None:
        return ""
    value = row.seconds / row.floor_seconds
    missed = row.target is not None and value > row.target
    return f"**{value:.2f}**" if missed else f"{value:.2f}"


def beside(row: Row, name: str) -> str:
    """Return the time of another way, and how many times ours it is."""
    if name not in row.others:
        return ""
    return f"{duration(row.others[name])} ({times(row.others[name] / row.seconds)})"


def times(value: float) -> str:
    """Return a ratio with two or three digits."""
    return f"{value:.2f} ×" if value < 9.95 else f"{value:.0f} ×"


def duration(seconds: float) -> str:
    """Return a time with three digits and a unit."""
    size, unit = next((pair for pair in UNITS if seconds >= 0.9995 * pair[0]), UNITS[-1])
    return f"{digits(seconds / size)} {unit}"


def digits(value: float) -> str:
    """Return a number with three digits, without an exponent."""
    return f"{value:.{max(0, 2 - len(str(int(value))) + 1)}f}"
