"""Settings in a file of their own: written with comments, read back equal, wrong ones named in one line."""

from pathlib import Path

import pytest
import yaml

from mpipipe.config.simulation import PhantomScan, Simulation
from mpipipe.errors import InputError
from mpipipe.physics.grid import Grid
from mpipipe.storage.yaml_section import read_section, write_section

SECTION = Simulation(
    grid=Grid(shape=(5, 4, 3), field_of_view_mm=(10, 8, 6)),
    noise=1.25e-3,
    phantom=PhantomScan(name="snake"),
)


def test_a_section_comes_back_equal_and_every_key_has_its_meaning_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    write_section(path, SECTION, "First line.\nSecond line.")
    assert read_section(path, Simulation) == SECTION
    lines = path.read_text().splitlines()
    assert lines[:2] == ["# First line.", "# Second line."]
    assert all("#" in line or line.endswith(":") for line in lines)
    assert yaml.safe_load(path.read_text())["noise"] == 1.25e-3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "scanner: {gradiant: 3}",
            "scanner.gradiant: found an unknown key, expected one of gradient_T_per_m",
        ),
        (
            "phantom: {nam: snake}",
            "phantom.nam: found an unknown key, expected one of name, refinement, noise",
        ),
        ("colour: red", "colour: found an unknown key, expected one of scanner, particle, grid"),
        ("noise: -1", "noise: found -1, expected: input should be greater"),
        ("grid: {shape: [0, 3], field_of_view_mm: [1, 1]}", "expected sizes of at least 1"),
        ("phantom: {}\ngrid: {shape: [9], field_of_view_mm: [9]}", "expected two or three for a phantom"),
        ("- 1", "found list, expected a mapping"),
        ("{", "found invalid YAML"),
        ("a: !!python/object/apply:os.system [true]", "found invalid YAML"),
    ],
)
def test_a_mistake_is_one_line_that_names_file_and_key(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as error:
        read_section(path, Simulation)
    message = str(error.value)
    assert message.startswith(str(path)) and expected in message and "\n" not in message


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.yaml: found no file, expected a simulation"):
        read_section(tmp_path / "none.yaml", Simulation)
