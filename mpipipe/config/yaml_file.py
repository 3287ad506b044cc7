"""YAML files of a user: plain values alone, within bounds that no honest parameter file comes near."""

import re
from pathlib import Path
from typing import Any

import yaml

from mpipipe.errors import InputError

MAX_BYTES = 2**18
MAX_DEPTH = 40
MAX_VALUES = 20_000
MAX_SCALAR = 4096
PLAIN = (str, int, float, bool, type(None))
NAME = re.compile(r"\w[\w +().,-]{0,99}")


class _BoundedLoader(yaml.SafeLoader):
    """Safe loader that follows aliases without letting them multiply.

    Aliases are shared, not copied; but a mapping that merges others (``<<``) copies their keys, and numbers of thousands of
    digits take time that grows with the square of their length.
    """

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        super().flatten_mapping(node)
        if len(node.value) > MAX_VALUES:
            raise yaml.YAMLError(f"merges of {len(node.value)} keys, at most {MAX_VALUES}")

    def construct_scalar(self, node: yaml.ScalarNode | yaml.MappingNode) -> str:
        value: str = super().construct_scalar(node)
        if len(value) > MAX_SCALAR:
            raise yaml.YAMLError(f"a value of {len(value)} characters, at most {MAX_SCALAR}")
        return value


def read_yaml(path: Path, expected: str = "the project's parameters") -> Any:  # noqa: ANN401 - YAML
    """Read a YAML file of plain values: mappings, lists, text, numbers; `expected` says what for in error messages.

    Raises
    ------
    InputError
        When the file is missing, larger than 256 KiB, or not YAML.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise InputError(f"{path}: found no file, expected {expected}") from None
    except OSError as error:
        raise InputError(f"{path}: found {error.strerror}, expected {expected}") from None
    if len(content) > MAX_BYTES:
        raise InputError(f"{path}: found more than {MAX_BYTES} bytes, expected {expected}")
    try:
        return yaml.load(content.decode("utf-8"), _BoundedLoader)
    except RecursionError:
        raise InputError(
            f"{path}: found values nested too deeply, expected at most {MAX_DEPTH} levels"
        ) from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        place = " ".join(str(error).split())[:300]
        raise InputError(f"{path}: found invalid YAML ({place}), expected a mapping of sections") from None


def check_names(raw: object, name: str) -> None:
    """Check the size of parsed parameters with all aliases written out, and their names, which become parts of paths.

    Parameters
    ----------
    raw : object
        Parsed parameter file.
    name : str
        File name for error messages.

    Raises
    ------
    InputError
        When values are nested deeper than `MAX_DEPTH` (an alias of itself is endless), are more than `MAX_VALUES`, or a
        name is not of letters, digits and simple marks.
    """
    stack, seen = [(raw, 0)], 0
    while stack:
        value, depth = stack.pop()
        seen += 1
        if depth > MAX_DEPTH:
            raise InputError(f"{name}: found values nested too deeply, expected at most {MAX_DEPTH} levels")
        if seen + len(stack) > MAX_VALUES:
            raise InputError(f"{name}: found more than {MAX_VALUES} values, expected fewer")
        if isinstance(value, dict):
            for key in value:
                _check_name(key, name)
            stack += [(one, depth + 1) for one in value.values()]
        elif isinstance(value, list):
            stack += [(one, depth + 1) for one in value]
        elif not isinstance(value, PLAIN):
            raise InputError(
                f"{name}: found a {type(value).__name__}, expected text, numbers, lists and mappings"
            )


def _check_name(key: object, name: str) -> None:
    if not isinstance(key, str) or not NAME.fullmatch(key):
        raise InputError(
            f"{name}: found the name {repr(key)[:100]}, expected letters, digits, spaces and marks of _+().,-"
        )
