"""``mpipipe.restore``: labelled matrices in and out."""

import shutil
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr

import mpipipe
from mpipipe.errors import InputError
from mpipipe.storage.pretrained import pretrained_folder, read_cards
from tests.restorers.matrices import labelled, psnr, to_unit


@pytest.fixture(scope="module")
def case():
    return labelled()


def loud(S):
    return np.abs(S.values).max(axis=(2, 3)) > 0


def test_a_simulated_matrix_comes_back_cleaner_with_its_labels(case):
    noisy, clean, sigma = case
    chosen = loud(clean)
    peak = np.abs(clean.values[chosen]).max(axis=(1, 2))[:, None, None]
    restored = mpipipe.restore(noisy, "denoise")
    before, after = (psnr(S.values[chosen] / peak, to_unit(clean.values[chosen])) for S in (noisy, restored))
    assert after > before + 4
    xr.testing.assert_equal(restored.coords.to_dataset(), noisy.coords.to_dataset())
    assert restored.dtype == np.complex64 and restored.dims == noisy.dims
    done = restored.attrs["restoration"]
    assert done["method"] == "RDN (phase-aligned)" and done["kept_components"] == int((~chosen).sum())
    assert done["weights"] in {card.content for card in read_cards()}
    assert {name: value for name, value in restored.attrs.items() if name != "restoration"} == noisy.attrs
    given = mpipipe.restore(noisy, "denoise", method="DCT-F", sigma=sigma)
    assert given.attrs["restoration"]["sigma"] == "as given"
    assert psnr(given.values[chosen] / peak, to_unit(clean.values[chosen])) > before + 4


def test_a_finer_grid_has_its_positions(case):
    _, clean, _ = case
    fine = mpipipe.restore(clean, "upsample", method="Bicubic", factor=4)
    assert fine.shape[2:] == (56, 48)
    np.testing.assert_allclose(fine["x"].values[::4], clean["x"].values, atol=1e-15)
    np.testing.assert_allclose(np.diff(fine["y"].values), np.diff(clean["y"].values)[0] / 4)
    grid = mpipipe.Grid.model_validate(fine.attrs["grid"])
    for line, name in zip(grid.axes_m(), "xy", strict=True):
        np.testing.assert_allclose(line, fine[name].values, atol=1e-15)  # m
    assert fine["x"].attrs == clean["x"].attrs and "mixing_order_x" in fine.coords
    np.testing.assert_allclose(
        fine.values[:, :, ::4, ::4], clean.values, atol=1e-6 * np.abs(clean.values).max()
    )


def test_components_in_one_dimension(case):
    noisy, *_ = case
    flat = (
        noisy.stack(component=("channel", "frequency"))
        .transpose("component", "x", "y")
        .reset_index("component")
    )
    restored = mpipipe.restore(flat, "denoise", method="DCT-F")
    expected = mpipipe.restore(noisy, "denoise", method="DCT-F").values.reshape(flat.shape)
    np.testing.assert_array_equal(restored.values, expected)


def test_weights_by_path_are_those_of_the_package(case, tmp_path):
    noisy, *_ = case
    name = "denoising_2d.dncnn.safetensors"
    for file in pretrained_folder().glob("denoising_2d.dncnn.*"):
        shutil.copy(file, tmp_path)
    found = mpipipe.restore(noisy, "denoise", weights=tmp_path / name)
    np.testing.assert_array_equal(found.values, mpipipe.restore(noisy, "denoise", method="DnCNN").values)
    with pytest.raises(InputError, match="weights: found DnCNN for denoise, expected one for upsample"):
        mpipipe.restore(noisy, "upsample", weights=tmp_path / name)
    volume = xr.DataArray(
        np.ones((1, 1, 8, 8, 8), np.complex64), dims=("channel", "frequency", "x", "y", "z")
    )
    with pytest.raises(InputError, match="weights: found DnCNN for 2 axes, expected one for 3"):
        mpipipe.restore(volume, "denoise", weights=tmp_path / name)


def test_classical_methods_do_without_torch():
    code = (
        "import sys, numpy as np, xarray as xr, mpipipe\n"
        "S = xr.DataArray(np.ones((2, 8, 8), complex), dims=('component', 'x', 'y'))\n"
        "mpipipe.restore(S, 'denoise', method='DCT-F')\n"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, check=True)
    assert done.stdout.strip() == "False"


def test_what_is_no_matrix_is_refused(case):
    noisy, *_ = case
    for broken, line in (
        (noisy.transpose("x", "y", "channel", "frequency"), "found the dimensions"),
        (noisy.rename(x="a", y="b"), "found the dimensions"),
        (noisy.astype(str), "expected complex numbers"),
        (noisy.where(noisy["x"] > 0), "component 0: found NaN"),
    ):
        with pytest.raises(InputError, match=line):
            mpipipe.restore(broken, "denoise", method="DCT-F")
    with pytest.raises(InputError, match="sigma: found 'guess', expected 'estimate' or a number"):
        mpipipe.restore(noisy, "denoise", sigma="guess")
    with pytest.raises(InputError, match=r"sigma: found shape \(3,\)"):
        mpipipe.restore(noisy, "denoise", sigma=[1.0, 2.0, 3.0])


def test_an_absent_gpu_is_refused(case, monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError, match="device: found no GPU"):
        mpipipe.restore(case[0], "denoise", device="gpu")


@pytest.mark.gpu
def test_a_gpu_gives_what_the_cpu_gives(case):
    noisy, *_ = case
    cpu, gpu = (mpipipe.restore(noisy, "denoise", device=device).values for device in ("cpu", "gpu"))
    assert np.linalg.norm(gpu - cpu) < 1e-2 * np.linalg.norm(cpu)
