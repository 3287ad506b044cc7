"""A section of settings from a YAML file of its own."""

from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import ValidationError

from mpipipe.config.base import Section
from mpipipe.config.yaml_file import check_names, read_yaml
from mpipipe.errors import InputError
from mpipipe.storage.atomic import write_text

Kind = TypeVar("Kind", bound=Section)


def read_section(path: Path, kind: type[Kind]) -> Kind:
    """Read a YAML file as one section.

    Parameters
    ----------
    path : Path
        File of plain values.
    kind : type of Section
        What it describes.

    Raises
    ------
    InputError
        When the file is missing, too large or no YAML mapping, or a key is unknown or out of range: one line that names it.
    """
    raw = read_yaml(path, f"a {kind.__name__.lower()}")
    check_names(raw, str(path))
    if not isinstance(raw, dict):
        raise InputError(f"{path}: found {type(raw).__name__}, expected a mapping of keys")
    try:
        return kind.model_validate(raw)
    except ValidationError as error:
        raise InputError(f"{path}: {_first_line(error, kind)}") from None


def _first_line(error: ValidationError, kind: type[Section]) -> str:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"]) or kind.__name__.lower()
    if first["type"] == "extra_forbidden":
        return f"{key}: found an unknown key, expected one of {', '.join(_siblings(kind, first['loc']))}"
    if first["type"] in ("value_error", "missing"):
        return f"{key}: {first['msg'].removeprefix('Value error, ')}"
    return f"{key}: found {first['input']!r}, expected: {first['msg'].lower()}"


def _siblings(kind: type[Section], location: tuple[int | str, ...]) -> list[str]:
    """Return the keys that are known where an unknown one stands."""
    fields = kind.model_fields
    for part in location[:-1]:
        field = fields.get(str(part))
        kinds = [field.annotation, *getattr(field.annotation, "__args__", ())] if field else []
        fields = next((k.model_fields for k in kinds if isinstance(k, type) and issubclass(k, Section)), {})
    return list(fields)


def write_section(path: Path, section: Section, comment: str) -> None:
    """Write a section as YAML, whole or not at all, with what each key means as a comment behind it."""
    lines = [f"# {line}" for line in comment.splitlines()] + _lines(section, "")
    write_text(path, "\n".join(lines) + "\n")


def _lines(section: Section, indent: str) -> list[str]:
    lines: list[str] = []
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if isinstance(value, Section):
            lines += [f"{indent}{name}:", *_lines(value, indent + "  ")]
            continue
        plain = section.model_dump(mode="json")[name]
        text = yaml.safe_dump(plain, default_flow_style=True, width=10_000).removesuffix("...\n").strip()
        note = f"  # {field.description}" if field.description else ""
        lines.append(f"{indent}{name}: {text}{note}")
    return lines
