"""Artifacts on disk: whole or absent, exact round trips, and one clear line for what cannot be used."""

from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import torch

from mpipipe.errors import InputError
from mpipipe.storage.arrays import read_arrays, write_arrays
from mpipipe.storage.atomic import whole, write_text
from mpipipe.storage.manifest import content_digest, manifest_path, read_manifest, verify, write_manifest
from mpipipe.storage.series import read_measured_series, read_series, write_series
from mpipipe.storage.tables import read_json, read_table, write_json, write_table
from mpipipe.storage.weights import read_weights, write_weights


def complex_frames(shape: tuple[int, ...] = (2, 5, 7)) -> np.ndarray:
    rng = np.random.default_rng(0)
    return (rng.normal(size=shape) + 1j * rng.normal(size=shape)).astype(np.complex64)


def test_a_block_that_fails_leaves_the_old_artifact_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "artifact"
    write_text(target, "old")
    with pytest.raises(RuntimeError), whole(target) as partial:
        partial.write_text("half")
        raise RuntimeError
    assert target.read_text() == "old" and list(tmp_path.iterdir()) == [target]


def test_a_directory_is_replaced_as_a_whole(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    for content in ("first", "second"):
        with whole(target) as partial:
            partial.mkdir()
            (partial / content).write_text(content)
    assert [path.name for path in target.iterdir()] == ["second"]


def test_round_trips_are_exact(tmp_path: Path) -> None:
    frames = complex_frames()
    write_series(tmp_path / "s.zarr", frames)
    table = pd.DataFrame({"a_mT": [1.5, np.nan], "kind": ["fluid", "immobilised"], "n": [1, 2]})
    write_table(tmp_path / "t.parquet", table)
    write_json(tmp_path / "j.json", {"b": [1, 2.5], "a": None})
    weights = {"layer.weight": torch.randn(3, 2), "layer.bias": torch.zeros(3)}
    write_weights(tmp_path / "w.safetensors", weights)
    write_arrays(tmp_path / "a.zarr", {"x": frames[0], "y": np.arange(3)}, {"names": ["x"]})
    for name in ("s.zarr", "t.parquet", "j.json", "w.safetensors", "a.zarr"):
        write_manifest(tmp_path / name, {"made": name}, {})
    found, frequencies = read_series(tmp_path / "s.zarr")
    np.testing.assert_array_equal(found, frames)
    assert frequencies == frames.shape[1]
    pd.testing.assert_frame_equal(read_table(tmp_path / "t.parquet"), table, check_dtype=False)
    assert read_json(tmp_path / "j.json") == {"a": None, "b": [1, 2.5]}
    assert all(torch.equal(weights[k], v) for k, v in read_weights(tmp_path / "w.safetensors").items())
    arrays, attributes = read_arrays(tmp_path / "a.zarr")
    np.testing.assert_array_equal(arrays["x"], frames[0])
    assert attributes == {"names": ["x"]}


def test_one_flipped_bit_is_found_and_named(tmp_path: Path) -> None:
    write_weights(tmp_path / "w.safetensors", {"a": torch.ones(4)})
    write_manifest(tmp_path / "w.safetensors", {}, {})
    content = bytearray((tmp_path / "w.safetensors").read_bytes())
    content[-1] ^= 1
    (tmp_path / "w.safetensors").write_bytes(bytes(content))
    with pytest.raises(InputError, match=r"w\.safetensors: found content .* expected"):
        read_weights(tmp_path / "w.safetensors")


def test_a_pickle_is_no_weights(tmp_path: Path) -> None:
    torch.save({"a": torch.ones(2)}, tmp_path / "w.safetensors")
    write_manifest(tmp_path / "w.safetensors", {}, {})
    with pytest.raises(InputError, match="expected safetensors weights"):
        read_weights(tmp_path / "w.safetensors")


def test_content_digest_depends_on_names_and_bytes_but_not_on_bookkeeping(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d/a").write_text("1")
    before = content_digest(tmp_path / "d")
    (tmp_path / "d/.snakemake_timestamp").touch()
    assert content_digest(tmp_path / "d") == before
    (tmp_path / "d/a").rename(tmp_path / "d/b")
    assert content_digest(tmp_path / "d") != before


@pytest.mark.parametrize("text", ["", "{}", '{"artifact": 3}', "not json"])
def test_a_broken_manifest_is_named(tmp_path: Path, text: str) -> None:
    write_text(tmp_path / "a", "content")
    manifest_path(tmp_path / "a").write_text(text)
    with pytest.raises(InputError, match=r"a\.manifest\.json: .*found .*expected a manifest"):
        verify(tmp_path / "a")


def test_a_manifest_says_what_made_the_artifact(tmp_path: Path) -> None:
    write_text(tmp_path / "a", "content")
    written = write_manifest(tmp_path / "a", {"seed": 1}, {"units": "m"})
    assert read_manifest(manifest_path(tmp_path / "a")) == written
    assert written.versions["numpy"] == np.__version__ and written.recipe == {"seed": 1}


def test_measured_empty_frames_of_three_layouts(tmp_path: Path) -> None:
    frames = complex_frames()
    np.save(tmp_path / "f.npy", frames)
    with h5py.File(tmp_path / "f.h5", "w") as file:
        file["background"] = frames
    with h5py.File(tmp_path / "p.h5", "w") as file:
        file["background"] = np.stack([frames.real, frames.imag], axis=-1)
    for name in ("f.npy", "f.h5", "p.h5"):
        np.testing.assert_array_equal(read_measured_series(tmp_path / name), frames)


def test_unusable_empty_frames_are_refused_in_one_line(tmp_path: Path) -> None:
    np.save(tmp_path / "real.npy", np.zeros((2, 3, 4)))
    bad = complex_frames()
    bad[0, 0, 0] = np.nan
    np.save(tmp_path / "nan.npy", bad)
    (tmp_path / "text.npy").write_text("no array")
    (tmp_path / "cut.h5").write_bytes(b"\x89HDF\r\n")
    np.save(tmp_path / "pickle.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    for name in ("real.npy", "nan.npy", "text.npy", "cut.h5", "pickle.npy", "missing.npy"):
        with pytest.raises(InputError, match=name) as caught:
            read_measured_series(tmp_path / name)
        assert "\n" not in str(caught.value) and "expected" in str(caught.value)
