import hashlib
import os

import pytest
import torch
from safetensors.torch import load_file, save_file

from mpipipe.errors import InputError
from mpipipe.networks.perceptual import VGG16_SHAPES, Vgg16Relu12
from mpipipe.storage.perceptual_weights import convert_vgg16, read_vgg16_filters, read_vgg16_source


def state(**changes):
    """A state with the shapes of torchvision's VGG16, its later layers cut short."""
    generator = torch.Generator().manual_seed(0)
    tensors = {name: torch.randn(shape, generator=generator) for name, shape in VGG16_SHAPES.items()}
    return {**tensors, "features.5.weight": torch.zeros(3), "classifier.6.bias": torch.zeros(7), **changes}


def save_new(weights, path):
    torch.save(weights, path)


def save_legacy(weights, path):
    torch.save(weights, path, _use_new_zipfile_serialization=False)


SAVES = {"new.pth": save_new, "legacy.pth": save_legacy, "vgg16.safetensors": save_file}


@pytest.mark.parametrize("name", SAVES)
def test_two_convolutions_are_kept_as_they_are(tmp_path, name):
    source, out = tmp_path / name, tmp_path / "kept" / "filters.safetensors"
    SAVES[name](state(), source)
    digest = convert_vgg16(source, out)
    filters = read_vgg16_filters(out)
    assert filters.keys() == VGG16_SHAPES.keys() == load_file(out).keys()
    assert all(torch.equal(filters[key], state()[key]) for key in filters)
    assert digest == hashlib.sha256(source.read_bytes()).hexdigest() == read_vgg16_source(out)
    assert Vgg16Relu12(filters)(torch.rand(1, 8, 8)).shape == (1, 64, 8, 8)


def test_shapes_are_those_of_torchvision():
    assert list(VGG16_SHAPES.values()) == [(64, 3, 3, 3), (64,), (64, 64, 3, 3), (64,)]


def test_half_precision_is_widened(tmp_path):
    torch.save({key: values.half() for key, values in state().items()}, tmp_path / "half.pth")
    convert_vgg16(tmp_path / "half.pth", tmp_path / "out.safetensors")
    assert {values.dtype for values in read_vgg16_filters(tmp_path / "out.safetensors").values()} == {
        torch.float32
    }


@pytest.mark.parametrize(
    ("weights", "found"),
    [
        ({"conv1.weight": torch.zeros(64, 3, 7, 7)}, r"found no features\.0\.weight"),
        (
            state(**{"features.2.weight": torch.zeros(128, 64, 3, 3)}),
            r"features\.2\.weight of shape \(128, 64, 3, 3\), expected \(64, 64, 3, 3\)",
        ),
        (state(**{"features.0.bias": torch.full((64,), torch.inf)}), r"features\.0\.bias .* not finite"),
        (state(**{"features.0.bias": torch.zeros(64, dtype=torch.int64)}), r"features\.0\.bias .*int64"),
        ([torch.zeros(3)], "found list"),
        ({"epoch": 3, "state_dict": state()}, "found dict"),
    ],
)
def test_other_weights_are_refused(tmp_path, weights, found):
    torch.save(weights, tmp_path / "other.pth")
    with pytest.raises(InputError, match=rf"other\.pth: .*{found}|other\.pth: {found}"):
        convert_vgg16(tmp_path / "other.pth", tmp_path / "out.safetensors")
    assert not (tmp_path / "out.safetensors").exists()


@pytest.mark.parametrize("name", SAVES)
@pytest.mark.parametrize("kept", [0.0, 0.001, 0.5, 0.99])
def test_truncated_files_are_refused(tmp_path, name, kept):
    source = tmp_path / name
    SAVES[name](state(), source)
    data = source.read_bytes()
    source.write_bytes(data[: int(kept * len(data))])
    with pytest.raises(InputError, match=r"found a damaged file"):
        convert_vgg16(source, tmp_path / "out.safetensors")


class Malicious:
    def __reduce__(self):
        return os.mkdir, ("executed",)


def test_code_in_a_pickle_is_not_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"features.0.weight": Malicious()}, tmp_path / "bad.pth")
    with pytest.raises(InputError, match=r"bad\.pth: found a damaged file"):
        convert_vgg16(tmp_path / "bad.pth", tmp_path / "out.safetensors")
    assert not (tmp_path / "executed").exists()


def test_missing_and_foreign_files_are_refused(tmp_path):
    with pytest.raises(InputError, match="found no file, expected the weights of torchvision's VGG16"):
        convert_vgg16(tmp_path / "none.pth", tmp_path / "out")
    with pytest.raises(InputError, match="found no file, expected filters"):
        read_vgg16_filters(tmp_path / "none.safetensors")
    with pytest.raises(InputError, match="found no file, expected safetensors weights"):
        read_vgg16_source(tmp_path / "none.safetensors")
    (tmp_path / "text.pth").write_text("<html>404</html>")
    with pytest.raises(InputError, match="found a damaged file"):
        convert_vgg16(tmp_path / "text.pth", tmp_path / "out")
    save_file({"a": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(InputError, match=r"found no features\.0\.weight"):
        read_vgg16_filters(tmp_path / "other.safetensors")
    assert read_vgg16_source(tmp_path / "other.safetensors") is None
