"""Parameter files and recipes that were made to mislead: bombs, depth, names that lead elsewhere."""

import copy
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from mpipipe.cli.job_recipe import parse_recipe
from mpipipe.cli.jobs.sample import Recipe
from mpipipe.config.params import load_params, resolve
from mpipipe.config.yaml_file import MAX_BYTES, MAX_VALUES
from mpipipe.errors import InputError

LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join(9 * [f'*a{n - 1}'])}]\n" for n in range(1, 20)
)
MERGES = "a0: &a0 {" + ", ".join(f"k{n}: 1" for n in range(50)) + "}\n" + "".join(
    f"a{n}: &a{n} {{<<: [{', '.join(9 * [f'*a{n - 1}'])}]}}\n" for n in range(1, 20)
)  # fmt: skip
BOMBS = {
    "aliases": (LAUGHS, f"found more than {MAX_VALUES} values"),
    "merges": (MERGES, "found invalid YAML .merges of"),
    "in itself": ("seed: &a [*a]\n", "nested too deeply"),
    "deep": ("a: " + "[" * 5000, "nested too deeply"),
    "long": ("# " + "x" * MAX_BYTES, f"found more than {MAX_BYTES} bytes"),
    "digits": ("seed: " + "9" * 5000, "found invalid YAML .a value of 5000 characters"),
    "sexagesimal": ("seed: " + "1:" * 100_000 + "1", "found invalid YAML .a value of 200001 characters"),
    "float": ("seed: " + "1:" * 1000 + "1.5", "found invalid YAML .int too large"),
    "object": (
        'seed: !!python/object/apply:os.system ["true"]',
        "found invalid YAML .could not determine a constructor",
    ),
    "pairs": ("seed: !!pairs [a: 1]", "found a tuple, expected text, numbers"),
    "set": ("seed: !!set {a}", "found a set, expected text, numbers"),
    "date": ("seed: 2001-01-01", "found a date, expected text, numbers"),
    "no date": ("seed: 2001-13-45", "found invalid YAML .month must be"),
    "binary": ("seed: !!binary aaaa", "found a bytes, expected text, numbers"),
    "utf-16": ("seed: 1".encode("utf-16").decode("latin-1"), "found invalid YAML"),
    "key": ("? [a]\n: 1\n", "found invalid YAML|found the name"),
}


@pytest.fixture(scope="module")
def written(root: Path) -> dict[str, Any]:
    raw: dict[str, Any] = yaml.safe_load((root / "params.yaml").read_text())
    return raw


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused_in_a_line_and_at_once(tmp_path: Path, name: str) -> None:
    text, line = BOMBS[name]
    (tmp_path / "params.yaml").write_bytes(text.encode("latin-1"))
    start = time.process_time()
    with pytest.raises(InputError, match=line) as caught:
        load_params(tmp_path / "params.yaml")
    assert time.process_time() - start < 10
    message = str(caught.value)
    assert message.startswith(f"{tmp_path}/params.yaml: ") and "\n" not in message and len(message) < 700


def test_snakemake_refuses_a_bomb_in_a_line_as_well(tmp_path: Path, root: Path) -> None:
    shutil.copy(root / "Snakefile", tmp_path)
    shutil.copytree(root / "workflow", tmp_path / "workflow")
    text, line = BOMBS["merges"]
    (tmp_path / "params.yaml").write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "-n"],
        cwd=tmp_path, text=True, capture_output=True, check=False, timeout=120,
    )  # fmt: skip
    found = [one for one in done.stderr.splitlines() if one.startswith("mpipipe: ")]
    assert done.returncode == 2 and len(found) == 1 and re.search(line, found[0]), done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_is_no_parameter_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="found Is a directory, expected the project's parameters"):
        load_params(tmp_path)


@pytest.mark.parametrize(
    "name",
    ["../x", "/etc/x", "a/b", "..", ".", ".hidden", "a\nb", "x;touch y", "$(x)", "{x}", "", "x" * 200, 7],
)
@pytest.mark.parametrize(
    "place",
    [
        ("sample", "ensembles"), ("scene",), ("train",), ("restoration", "problems"), ("restoration", "phantoms"),
        ("reconstruction", "calibrations"), ("inversion", "sweeps"),
    ],
)  # fmt: skip
def test_names_that_could_lead_a_path_elsewhere_are_refused(
    written: dict[str, Any], place: tuple[str, ...], name: Any
) -> None:
    section = raw = copy.deepcopy(written)
    for key in place:
        section = section.setdefault(key, {})
    section[name] = next(iter(section.values()), {})
    with pytest.raises(InputError, match=r"^params\.yaml: found the name ") as caught:
        resolve(raw)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["", "{}", "[" * 100_000, '{"noun": 1e999}', '{"a\\nb": 1}', "\udcff", '"\\ud800"', '{"seed": ' + "9" * 5000 + "}"]
)  # fmt: skip
def test_recipes_that_no_plan_gives_are_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"^recipe: .*found .*, expected the recipe") as caught:
        parse_recipe(Recipe, text)
    assert "\n" not in str(caught.value)
