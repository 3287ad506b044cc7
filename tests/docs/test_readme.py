"""The README's first five minutes, by the README alone: each command of it is run, then its Python, in one new folder."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.workflow.conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
FIVE_MINUTES = README.partition("## Five minutes")[2].partition("\n## ")[0]


def blocks(text: str) -> list[str]:
    """Return the indented blocks."""
    found = re.findall(r"(?:^    .*\n)+", text, re.M)
    return [re.sub(r"^    ", "", block, flags=re.M) for block in found]


def call(folder: Path, *command: str) -> str:
    search = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command, text=True, capture_output=True, check=False, cwd=folder, env=os.environ | {"PATH": search}
    )
    assert done.returncode == 0, f"{shlex.join(command)}: {done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def tried(module_path: Path) -> tuple[Path, dict[str, str]]:
    """A folder after the commands of the README, and what each of them printed."""
    folder = module_path
    lines = [line for block in blocks(FIVE_MINUTES) for line in block.splitlines()]
    commands = [shlex.split(line, comments=True) for line in lines if line.startswith("mpipipe ")]
    assert [command[1] for command in commands] == [
        *("example", "inspect", "restore", "score", "score", "reconstruct"),
    ]
    return folder, {shlex.join(command): call(folder, *command) for command in commands}


@pytest.mark.slow
def test_the_commands_give_the_gain_that_the_readme_names(tried: tuple[Path, dict[str, str]]) -> None:
    folder, printed = tried
    (named,) = re.findall(r"go from (\S+) to (\S+) dB PSNR", FIVE_MINUTES)
    scores = [text for command, text in printed.items() if " score " in command]
    found = [re.findall(r"│ all +│ +\d+ │ ([\d.]+)", text) for text in scores]
    assert [round(float(one), 1) for (one,) in found] == pytest.approx(
        [float(one) for one in named], abs=0.11
    )
    assert all(
        (folder / "mpi-example" / name).read_bytes()[1:4] == b"PNG"
        for name in ("components.png", "image.png")
    )


@pytest.mark.slow
def test_the_python_runs(tried: tuple[Path, dict[str, str]]) -> None:
    folder, _ = tried
    code = "".join(block for block in blocks(FIVE_MINUTES) if re.search(r"\bmp\b", block))
    assert code.startswith("import mpipipe as mp") and "simulate_system_matrix" in code
    shown = call(folder, sys.executable, "-W", "error", "-c", f"{code}\nprint(image.shape, S.shape)")
    assert shown.split("\n")[-2] == "(30, 30) (3, 817, 30, 30)"
