"""``mpipipe restore``: files in, files out, one clear line for what cannot be."""

import json
import shutil
import subprocess
import sys

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

from mpipipe.cli.main import app
from mpipipe.cli.restore_figure import shown_components
from mpipipe.storage.mdf_matrix import open_mdf_matrix
from mpipipe.storage.pretrained import pretrained_folder
from tests.cli.matrix_files import BLOCK, write_large, write_pair
from tests.restorers.matrices import psnr, strongest

TASKS = ("denoise", "inpaint", "upsample", "complete")


@pytest.fixture(scope="module")
def pair(module_path):
    return write_pair(module_path)


def restore(*arguments):
    return CliRunner().invoke(app, ["restore", *map(str, arguments)])


def values_of(path):
    with open_mdf_matrix(path) as matrix:
        rows = [matrix.read(channel, 0, len(matrix.frequency)) for channel in range(matrix.channels)]
        return np.concatenate(rows), matrix.grid, dict(matrix.header.values)


def loud_psnr(found, truth):
    peak = np.abs(truth).max(axis=(1, 2, 3))
    loud = peak > 0
    scale = peak[loud, None, None, None]
    return psnr(found[loud] / scale, truth[loud] / scale)


@pytest.mark.parametrize("task", TASKS)
def test_every_task_has_help_with_an_example(task):
    done = restore(task, "--help")
    assert done.exit_code == 0 and f"Example: mpipipe restore {task}" in " ".join(done.output.split())


def test_an_mdf_file_comes_back_cleaner_with_its_header(pair, tmp_path):
    noisy, true = pair
    out, picture = tmp_path / "out.mdf", tmp_path / "out.png"
    done = restore("denoise", noisy, "--out", out, "--figure", picture)
    assert done.exit_code == 0, done.output
    said = done.output
    assert "75 components of noisy.mdf with RDN (phase-aligned)" in said and "components/s" in said
    assert "from the finest cosine coefficients" in said and "components are zero and stay so" in said
    assert f"wrote {out}" in said.replace("\n", "") and picture.read_bytes()[:4] == b"\x89PNG"
    (found, grid, header), (before, old_grid, old_header) = values_of(out), values_of(noisy)
    assert loud_psnr(found, values_of(true)[0]) > loud_psnr(before, values_of(true)[0]) + 4
    assert grid == old_grid
    note = json.loads(header.pop("/calibration/_restoration"))
    assert (
        note["method"] == "RDN (phase-aligned)"
        and note["source"] == "noisy.mdf"
        and len(note["weights"]) == 64
    )
    changed = {key for key in old_header if not np.array_equal(old_header[key], header.get(key))}
    assert changed <= {"/uuid"}


def test_a_volume(tmp_path):
    noisy, true = write_pair(tmp_path, BLOCK)
    out = tmp_path / "out.mdf"
    done = restore("denoise", noisy, "--out", out, "--method", "dct-f", "--figure", tmp_path / "out.svg")
    assert done.exit_code == 0, done.output
    truth = values_of(true)[0]
    assert loud_psnr(values_of(out)[0], truth) > loud_psnr(values_of(noisy)[0], truth) + 3


def test_the_level_of_empty_frames_and_a_given_one(tmp_path):
    noisy, _ = write_pair(tmp_path, frames=400)
    done = restore("denoise", noisy, "--out", tmp_path / "a.mdf", "--method", "DCT-F")
    assert "noise level from the file's empty frames: median σ/max|s| 0.09" in done.output
    done = restore("denoise", noisy, "--out", tmp_path / "b.mdf", "--method", "DCT-F", "--sigma", "0")
    assert "noise level as given: median σ/max|s| 0\n" in done.output
    # A threshold of zero takes nothing away.
    before, after = values_of(noisy)[0], values_of(tmp_path / "b.mdf")[0]
    np.testing.assert_allclose(after, before, atol=1e-5 * np.abs(before).max())


def test_a_finer_grid_in_its_place(pair, tmp_path):
    done = restore(
        "upsample", pair[1], "--out", tmp_path / "fine.mdf", "--method", "Bicubic", "--grid", "31x27",
        "--figure", tmp_path / "fine.png",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    found, grid, _ = values_of(tmp_path / "fine.mdf")
    before, coarse, _ = values_of(pair[1])
    assert grid.shape == (31, 27, 1)
    for fine, line in zip(grid.axes_m()[:2], coarse.axes_m()[:2], strict=True):
        np.testing.assert_allclose(fine[::2], line, atol=1e-9)
    np.testing.assert_allclose(found[:, ::2, ::2], before, atol=1e-5 * np.abs(before).max())


def test_lost_and_skipped_voxels(pair, tmp_path):
    truth, grid, _ = values_of(pair[1])
    known = np.ones(grid.shape, bool)
    known[5:7, 3:9] = False
    np.save(tmp_path / "known.npy", known)
    lost = np.where(known, truth, 0)
    np.save(tmp_path / "lost.npy", lost)
    for number, mask in enumerate((tmp_path / "known.npy", "nonzero")):
        out = tmp_path / f"whole-{number}.npy"
        done = restore("inpaint", tmp_path / "lost.npy", "--known", mask, "--out", out)
        assert done.exit_code == 0, done.output
        assert loud_psnr(np.load(out), truth) > loud_psnr(lost, truth) + 10
    np.testing.assert_array_equal(np.load(tmp_path / "whole-0.npy"), np.load(tmp_path / "whole-1.npy"))
    skipped = np.zeros_like(truth)
    skipped[:, ::2, ::2] = truth[:, ::2, ::2]
    np.save(tmp_path / "skipped.npy", skipped)
    done = restore(
        "complete", tmp_path / "skipped.npy", "--out", tmp_path / "completed.npy", "--method", "bicubic"
    )
    assert done.exit_code == 0, done.output
    np.testing.assert_allclose(
        np.load(tmp_path / "completed.npy")[:, ::2, ::2], truth[:, ::2, ::2], atol=1e-5 * np.abs(truth).max()
    )


def test_files_are_replaced_only_when_told(pair, tmp_path):
    own, picture = tmp_path / "own.mdf", tmp_path / "own.png"
    shutil.copy(pair[0], own)
    picture.write_bytes(b"mine")
    before = own.read_bytes()
    for arguments in (
        (own, "--out", own),
        (pair[0], "--out", own),
        (pair[0], "--out", tmp_path / "new.mdf", "--figure", picture),
    ):
        done = restore("denoise", *arguments, "--method", "DCT-F")
        assert done.exit_code != 0 and "found a file, expected none; --overwrite" in str(done.exception)
    assert picture.read_bytes() == b"mine"
    picture.unlink()
    assert own.read_bytes() == before and list(tmp_path.iterdir()) == [own]
    done = restore("denoise", own, "--out", own, "--method", "DCT-F", "--overwrite")
    assert done.exit_code == 0, done.output
    expected = tmp_path / "expected.mdf"
    restore("denoise", pair[0], "--out", expected, "--method", "DCT-F")
    np.testing.assert_array_equal(values_of(own)[0], values_of(expected)[0])


def refused(tmp_path, *arguments):
    """Run as a user would; returns the line on standard error."""
    before = sorted(tmp_path.iterdir())
    program = [sys.executable, "-c", "from mpipipe.cli.main import run; run()"]
    done = subprocess.run(
        [*program, "restore", *map(str, arguments)], cwd=tmp_path, text=True, capture_output=True, check=False
    )
    assert done.returncode == 2 and done.stdout == "", done.stderr
    assert sorted(tmp_path.iterdir()) == before
    (line,) = done.stderr.strip().splitlines()
    return line


def test_a_mistake_is_one_line_for_the_user(pair, tmp_path):
    line = refused(tmp_path, "denoise", pair[0], "--out", "out.mdf", "--method", "RND")
    assert line.startswith("mpipipe: ") and "noisy.mdf: method: found 'RND', expected one of DCT-F" in line


@pytest.mark.parametrize(
    ("task", "arguments", "line"),
    [
        ("denoise", ("--method", "PConvUNet"), "expected one of DCT-F (multiplier 3), DCT-F (one phase)"),
        ("upsample", ("--factor", "3"), "upsample: factor: found 3, expected 2 or 4 for 2 axes"),
        ("upsample", ("--grid", "31,27"), "grid: found '31,27', expected voxels along each axis"),
        ("upsample", ("--grid", "33x27"), "grid: found (33, 27, 1), expected one of which every k-th voxel"),
        ("inpaint", ("--known", "mask.npy"), "known: mask.npy: found no file, expected bool (16, 14, 1)"),
        ("denoise", ("--sigma", "-1"), "sigma: found '-1', expected 'estimate' or a number of at least 0"),
        ("denoise", ("--figure", "a.jpg"), "a.jpg: found '.jpg', expected one of .png, .svg, .pdf"),
        ("denoise", ("--weights", "w.safetensors"), "w.safetensors: found no file"),
        ("denoise", ("--device", "tpu"), "device: found 'tpu', expected one of auto, cpu, gpu"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_is_written(pair, tmp_path, task, arguments, line):
    done = restore(task, pair[0], "--out", tmp_path / "out.mdf", *arguments)
    assert done.exit_code != 0 and line in str(done.exception) and "\n" not in str(done.exception)
    assert list(tmp_path.iterdir()) == []


def test_weights_of_another_task_and_an_absent_gpu(pair, tmp_path, monkeypatch):
    weights = pretrained_folder() / "inpainting.pconvunet.safetensors"
    done = restore("denoise", pair[0], "--out", tmp_path / "out.mdf", "--weights", weights)
    assert "weights: found PConvUNet for inpaint, expected one for denoise" in str(done.exception)
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    done = restore("denoise", pair[0], "--out", tmp_path / "out.mdf", "--device", "gpu")
    assert "device: found no GPU" in str(done.exception) and list(tmp_path.iterdir()) == []


def test_broken_inputs_leave_nothing_behind(tmp_path):
    own = tmp_path / "in"
    own.mkdir()
    noisy, _ = write_pair(own)
    with h5py.File(noisy, "r+") as file:
        data = file["/measurement/data"]
        values = data[0, 1, 5]
        values[3] = np.nan
        data[0, 1, 5] = values
    array = strongest((9, 8), count=4)
    array[2, 1, 1] = np.inf
    np.save(own / "inf.npy", array)
    np.save(own / "text.npy", np.array(["a"]))
    (own / "empty.mdf").write_bytes(b"")
    (own / "cut.mdf").write_bytes(noisy.read_bytes()[:9000])
    for name in ("noisy.mdf", "inf.npy", "text.npy", "empty.mdf", "cut.mdf", "none.mdf", "none.npy"):
        out = tmp_path / f"out{name[-4:]}"
        done = restore("denoise", own / name, "--out", out, "--method", "DCT-F")
        assert done.exit_code != 0 and name in str(done.exception), name
        assert "found" in str(done.exception) and "\n" not in str(done.exception)
        assert list(tmp_path.iterdir()) == [own], name
    done = restore("denoise", own / "inf.npy", "--out", tmp_path / "out.mdf")
    assert "found another format" in str(done.exception)


def test_components_of_a_figure_have_signal():
    relative = np.array([np.inf, 0.5, 0.01, 0.2, 0.1, 0.05, 0.02])
    assert shown_components(relative) == [2, 6, 4, 3]
    assert shown_components(np.array([0.5, 0.4])) == [1, 0]


@pytest.mark.slow
@pytest.mark.parametrize("method", ["RDN (phase-aligned)", "DCT-F"])
def test_memory_does_not_grow_with_the_file(tmp_path, method):
    """Five times the rows take as much memory, up to 100 MB; all of matrix and result would take 290 MB more."""
    peaks = []
    for rows in (144, 704):  # a block has 131
        source = write_large(tmp_path / f"{rows}.mdf", rows)
        arguments = ["restore", "denoise", str(source), "--out", f"{source}.out.mdf", "--method", method]
        code = (
            "import resource\n"
            "from mpipipe.cli.main import app\n"
            f"app({arguments!r}, standalone_mode=False)\n"
            "print('peak', resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
        )
        done = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, check=True)
        peaks.append(int(done.stdout.split()[-1]) / 1024)
    assert peaks[1] < 2048 and peaks[1] < peaks[0] + 100
