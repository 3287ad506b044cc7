"""The container, the conda environments and the lock ask for what pyproject.toml asks for; none of them is built here."""

import re
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

DEFINITION = "workflow/container/mpipipe.def"
RULES = "workflow/envs/mpipipe.yaml"


@pytest.fixture
def project(root: Path) -> dict[str, Any]:
    return tomllib.loads((root / "pyproject.toml").read_text())["project"]


@pytest.fixture
def requirements(project: dict[str, Any]) -> list[Requirement]:
    extras = project["optional-dependencies"].values()
    return [Requirement(line) for group in (project["dependencies"], *extras) for line in group]


@pytest.fixture
def locked(root: Path) -> dict[str, Version]:
    lines = [
        line for line in (root / "requirements.lock").read_text().splitlines() if line and line[0] != "#"
    ]
    pins = [re.fullmatch(r"([\w.-]+)==([\w.!+]+)", line) for line in lines]
    assert all(pins), "a line of the lock names no single version"
    return {canonicalize_name(pin[1]): Version(pin[2]) for pin in pins if pin}


@pytest.fixture
def definition(root: Path) -> dict[str, list[str]]:
    """The lines of each section; those before the first one are its head."""
    sections: dict[str, list[str]] = {"head": []}
    name = "head"
    for line in (root / DEFINITION).read_text().splitlines():
        if line.startswith("%"):
            name = line[1:].strip()
            assert name not in sections, f"{name} stands twice"
            sections[name] = []
        elif line.strip() and not line.startswith("#"):
            sections[name].append(line.strip())
    return sections


def conda(root: Path, name: str) -> tuple[dict[str, str], list[str]]:
    """The versions of conda's packages, and the lines that pip gets."""
    dependencies = yaml.safe_load((root / name).read_text())["dependencies"]
    packages = dict(one.partition("=")[::2] for one in dependencies if isinstance(one, str))
    (pip,) = (one["pip"] for one in dependencies if isinstance(one, dict))
    return packages, pip


def test_every_dependency_is_locked_at_a_version_that_it_allows(
    requirements: list[Requirement], locked: dict[str, Version]
) -> None:
    for requirement in requirements:
        name = canonicalize_name(requirement.name)
        assert name in locked, f"{name} is not locked"
        assert locked[name] in requirement.specifier, f"{requirement} is locked at {locked[name]}"


def test_these_tests_run_with_the_locked_versions(
    locked: dict[str, Version], project: dict[str, Any]
) -> None:
    for line in project["dependencies"]:
        name = canonicalize_name(Requirement(line).name)
        assert Version(version(name)).public == locked[name].public, name


@pytest.mark.parametrize("name", ["environment.yml", RULES])
def test_conda_takes_python_and_leaves_the_rest_to_the_lock(
    root: Path, name: str, project: dict[str, Any]
) -> None:
    packages, pip = conda(root, name)
    assert Version(packages["python"]) in SpecifierSet(project["requires-python"])
    assert "pip" in packages
    lines = dict(line.split() for line in pip)
    assert set(lines) == {"-r", "-e"}
    folder = (root / name).parent
    assert (folder / lines["-r"]).resolve() == root / "requirements.lock"
    assert (folder / lines["-e"]).resolve() == root


def test_the_rules_environment_also_works_from_where_snakemake_copies_it(root: Path) -> None:
    """Snakemake creates environments from a copy in ``.snakemake/conda``, and pip reads paths relative to the copy."""
    _, pip = conda(root, RULES)
    for line in pip:
        assert (root / ".snakemake/conda" / line.split()[1]).resolve() in (root, root / "requirements.lock")


def test_every_rule_that_runs_a_job_names_the_environment(root: Path) -> None:
    for file in (root / "workflow/rules").glob("*.smk"):
        for rule in re.split(r"^ *rule ", file.read_text(), flags=re.MULTILINE)[1:]:
            assert ("mpipipe job" in rule) == bool(re.search(r"conda:\n +ENVIRONMENT\n", rule)), rule[:60]
    assert f'"{RULES}"' in (root / "workflow/rules/common.smk").read_text()


def test_one_python_in_all_environments(root: Path, definition: dict[str, list[str]]) -> None:
    image = dict(line.split(": ") for line in definition["head"])
    assert image["Bootstrap"] == "docker"
    python = re.fullmatch(r"python:(\d+\.\d+)-slim-bookworm", image["From"])
    assert python is not None
    assert {conda(root, name)[0]["python"] for name in ("environment.yml", RULES)} == {python[1]}
    configured = tomllib.loads((root / "pyproject.toml").read_text())["tool"]
    assert configured["mypy"]["python_version"] == python[1]


def test_the_container_holds_what_it_installs(root: Path, definition: dict[str, list[str]]) -> None:
    copied = dict(line.split() for line in definition["files"])
    for source, target in copied.items():
        assert (root / source).exists(), f"{source} is copied and does not exist"
        assert target == f"/opt/mpipipe/{source}"
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    assert {"pyproject.toml", "requirements.lock", "mpipipe", project["readme"]} <= set(copied)


def test_the_container_installs_from_the_lock(
    definition: dict[str, list[str]], locked: dict[str, Version]
) -> None:
    post = definition["post"]
    assert post.index("cd /opt/mpipipe") < post.index(
        "python -m pip install --no-cache-dir {{ torch_index }} --requirement requirements.lock"
    )
    assert post[-1] == "python -m pip install --no-cache-dir --no-deps --no-build-isolation ."
    assert "setuptools" in locked, "without isolation the build needs it from the lock"
    assert definition["arguments"] == ["torch_index="]
    used = set(
        re.findall(r"{{ *(\w+) *}}", "\n".join(line for lines in definition.values() for line in lines))
    )
    assert used == {line.partition("=")[0] for line in definition["arguments"]}


def test_the_container_starts_the_programs_that_are_installed(
    definition: dict[str, list[str]], project: dict[str, Any]
) -> None:
    assert definition["runscript"] == ['exec mpipipe "$@"']
    assert "mpipipe" in project["scripts"]
    tried = {line.split()[0] for line in definition["test"]}
    assert tried == {"python", "mpipipe", "snakemake", "dvc"}
    assert set(definition) == {
        "head", "arguments", "labels", "files", "post", "environment", "test", "runscript", "help",
    }  # fmt: skip
