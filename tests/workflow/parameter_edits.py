"""Edits of params.yaml: each leaf of the parameters in force, changed to another valid value."""

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Any, NamedTuple

from pydantic import ValidationError

from mpipipe.config.params import Params
from mpipipe.errors import InputError
from mpipipe.studies.plan import Plan
from tests.workflow.expected import smoke_plan
from tests.workflow.meaning import MEANING

Key = tuple[str, ...]


class Edit(NamedTuple):
    """A parameter, another value of it, and the plan that this gives."""

    key: Key
    value: Any
    plan: Plan


@cache
def raw_parameters() -> dict[str, Any]:
    """Return the smoke scale's parameters in force, without the scales."""
    return _in_force(smoke_plan())


def _in_force(plan: Plan) -> dict[str, Any]:
    return plan.params.model_dump(mode="json", exclude={"scales"})


def row_of(key: Key) -> str:
    """Return the row of the table of meanings that a parameter belongs to."""
    found = {key[0], ".".join(key[:2])} & MEANING.keys()
    assert len(found) == 1, (
        f"{'.'.join(key)} is in the rows {found} of tests/workflow/meaning.py, expected one"
    )
    return found.pop()


@cache
def by_row() -> dict[str, list[tuple[Key, Any]]]:
    """Return the parameters of each row of the table of meanings."""
    rows: dict[str, list[tuple[Key, Any]]] = defaultdict(list)
    for key, value in leaves(raw_parameters()):
        if key[0] not in ("scale", "seed"):  # they are in every recipe
            rows[row_of(key)].append((key, value))
    return rows


def edits_in(row: str) -> Iterator[Edit]:
    """Yield valid edits in a row of the table of meanings: of each parameter one, of a list each kind."""
    if row in TOGETHER:
        key, value = TOGETHER[row]
        yield Edit(key, value, _plan(edited(raw_parameters(), key, value)))
    for key, value in by_row()[row]:
        yield from islice(valid_edits(key, value), None if isinstance(value, list) else 1)


# Parameters that no edit of one alone leaves valid: counts that add up to a grid, names that must exist elsewhere.
TOGETHER: dict[str, tuple[Key, Any]] = {
    "signal_denoising.positions": (("signal_denoising", "positions"), {"train": 89, "val": 16, "test": 16}),
    "restoration.phantoms": (("restoration", "phantoms"), {"snake": {"problem": "upsampling_x2"}}),
}


def leaves(value: Any, key: Key = ()) -> Iterator[tuple[Key, Any]]:
    """Yield each parameter that is not a section, with its key."""
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from leaves(inner, (*key, name))
    else:
        yield key, value


def edited(raw: dict[str, Any], key: Key, value: Any) -> dict[str, Any]:
    """Return the parameters with one of them changed."""
    head, *rest = key
    return {**raw, head: edited(raw[head], tuple(rest), value) if rest else value}


def valid_edits(key: Key, value: Any) -> Iterator[Edit]:
    """Yield edits of one parameter; none when each other value is refused.

    Many are: a kernel must be odd, a name must exist elsewhere, a shape must fit another one.
    """
    waiting = list(_others(value))
    for other in waiting:
        try:
            plan = _plan(edited(raw_parameters(), key, other))
        except ValidationError as error:
            waiting += [name for name in _allowed_names(error) if name not in waiting]
        except InputError:
            continue
        else:
            if _in_force(plan) != raw_parameters():  # some values are another way to write the same
                yield Edit(key, other, plan)


def _plan(raw: dict[str, Any]) -> Plan:
    plan = Plan(Params.model_validate(raw))
    _ = plan.artifacts
    return plan


def _others(value: Any) -> Iterator[Any]:
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value + 1, value + 2, value - 1, 2 * value, max(value // 2, 1))
    elif isinstance(value, float):
        yield from (1.01 * value, 0.99 * value, 2 * value, value / 2, value + 0.01)
    elif isinstance(value, str):
        yield f"{value}x"
    elif isinstance(value, list) and value:
        yield from _other_lists(value)
    elif value is None:
        yield from (1, "x", [1.0], 0.5)


def _other_lists(value: list[Any]) -> Iterator[list[Any]]:
    yield value[:-1]
    yield value[::-1] if value[::-1] != value else value[1:]
    if all(isinstance(item, int | float) for item in value):
        yield [*value[:-1], value[-1] + 1]
        yield [*value[:-1], 1.01 * value[-1]]
        yield [item + 1 for item in value]
        yield [item + value[0] for item in value]


def _allowed_names(error: ValidationError) -> list[str]:
    """Return the names that a message about a choice lists."""
    choices = (first["ctx"]["expected"] for first in error.errors() if first["type"] == "literal_error")
    return [name for choice in choices for name in re.findall(r"'([^']*)'", choice)]
