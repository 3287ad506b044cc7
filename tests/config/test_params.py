"""params.yaml: resolution of scales, and one clear line for each mistake."""

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mpipipe.config.params import SCALES, load_params, resolve
from mpipipe.config.recipe import canonical_json, digest
from mpipipe.config.seeds import derive_seed
from mpipipe.errors import InputError
from mpipipe.networks.registry import NETWORKS, num_parameters


@pytest.fixture
def raw(root: Path) -> dict[str, Any]:
    return yaml.safe_load((root / "params.yaml").read_text())


def test_every_scale_resolves_and_differs(root: Path) -> None:
    counts = [
        load_params(root / "params.yaml", scale).sample.ensembles["lissajous_2d"].train for scale in SCALES
    ]
    assert counts == sorted(counts) and len(set(counts)) == len(SCALES)


def test_paper_scale_has_the_published_counts_and_network(root: Path) -> None:
    params = load_params(root / "params.yaml", "paper")
    size = params.sample.ensembles["lissajous_2d"]
    assert (size.train, size.val, size.test) == (1000, 300, 300)
    networks = {name: one["DnCNN"].network for name, one in params.train.items() if "DnCNN" in one}
    assert {(network.depth, network.width) for network in networks.values()} == {(17, 64)}
    sizes = {
        ("denoising_2d", "RDN"): 21_974_530,
        ("denoising_3d", "RDN"): 64_593_922,
        ("denoising_2d", "SwinIR"): 11_500_922,
        ("upsampling_x4", "SMRnet"): 6_624_898,
    }
    for (problem, method), count in sizes.items():
        dimension = params.sample.ensembles[params.restoration.problems[problem].ensemble].dimension
        with torch.device("meta"):
            network = NETWORKS[method](params.train[problem][method].network, dimension)
        assert num_parameters(network) == count, (problem, method)


def test_physics_is_the_same_at_every_scale(root: Path) -> None:
    physics = [
        load_params(root / "params.yaml", scale).sample.model_dump(exclude={"ensembles"}) for scale in SCALES
    ]
    assert physics[0] == physics[1] == physics[2]


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (("sampel",), {}, "sampel: found an unknown key, expected 'sample'?"),
        (("sample", "particle", "core_diameter"), [15, 25], "expected 'core_diameter_nm'?"),
        (
            ("sample", "particle", "core_diameter_nm"),
            [25, 15],
            "sample.particle.core_diameter_nm: found [25, 15]",
        ),
        (("sample", "particle", "core_diameter_nm"), [15e-9, 25e-9], "expected values between 1 and 100 nm"),
        (
            ("sample", "scanner", "drive_amplitude_mT"),
            [0.005, 0.014],
            "expected values between 0.1 and 100 mT",
        ),
        (("sample", "particle", "fluid_probability"), 1.5, "sample.particle.fluid_probability: found 1.5"),
        (("simulate", "keep_above"), -1, "simulate.keep_above: found -1"),
        (("measured_mdf",), {"matrix": "a.mdf"}, "measured_mdf.matrix: found an unknown key, expected"),
        (("measured_mdf",), {"measurement": "b.mdf"}, "measured_mdf: measurement: found 'b.mdf' without"),
        (("seed",), "many", "seed: found 'many'"),
        (("seed",), -3, "seed: found -3"),
        (("scale",), "huge", "scale: found 'huge', expected one of smoke, laptop, paper"),
        (
            ("scales", "paper", "sample"),
            {"ensembels": {}},
            "(scale paper): sample.ensembels: found an unknown key",
        ),
    ],
)
def test_a_mistake_is_one_line_that_names_key_found_and_expected(
    raw: dict[str, Any], path: tuple[str, ...], value: Any, expected: str
) -> None:
    edited = copy.deepcopy(raw)
    section = edited
    for key in path[:-1]:
        section = section.setdefault(key, {})
    section[path[-1]] = value
    with pytest.raises(InputError) as caught:
        resolve(edited)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value) and "found" in str(caught.value) and "expected" in str(caught.value)


@pytest.mark.parametrize("text", ["- a\n- b\n", "scale: [unclosed", "3"])
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "params.yaml").write_text(text)
    with pytest.raises(InputError, match=r"params\.yaml: found"):
        load_params(tmp_path / "params.yaml")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="found no file"):
        load_params(tmp_path / "params.yaml")


@given(
    st.dictionaries(
        st.text(max_size=5), st.integers() | st.floats(allow_nan=False, allow_infinity=False), max_size=5
    )
)
def test_a_recipe_does_not_depend_on_the_order_of_its_keys(recipe: dict[str, float]) -> None:
    reordered = dict(reversed(recipe.items()))
    assert canonical_json(recipe) == canonical_json(reordered)
    assert digest(recipe) == digest(reordered)


@given(st.integers(0, 2**31), st.text(max_size=8), st.integers(0, 1000))
def test_derived_seeds_are_repeatable_and_distinct(base: int, name: str, item: int) -> None:
    assert derive_seed(base, name, item) == derive_seed(base, name, item)
    assert (
        len(
            {
                derive_seed(base, name, item),
                derive_seed(base, name, item + 1),
                derive_seed(base + 1, name, item),
            }
        )
        == 3
    )


def test_names_do_not_run_together_in_seeds() -> None:
    assert derive_seed(0, "ab", "c") != derive_seed(0, "a", "bc")
