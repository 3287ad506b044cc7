"""Simulation on a PyTorch device against the compiled loops and against direct quadrature, whatever the blocks."""

import numpy as np
import pytest
import torch

from mpipipe.errors import InputError
from mpipipe.physics import torch_sweep
from mpipipe.physics.excitation import Excitation
from mpipipe.physics.grid import Grid
from mpipipe.physics.particle import Particle
from mpipipe.physics.receive_chain import TransferFunction
from mpipipe.physics.relaxation import Relaxation
from mpipipe.physics.scanner import Scanner
from mpipipe.physics.sweep import Sweep
from mpipipe.physics.system_function import receive_gain, simulate_rows, simulate_system_matrix
from mpipipe.physics.table import MomentTable
from mpipipe.physics.torch_sweep import TorchSweep
from mpipipe.physics.torch_table import TorchTable

PLANE = Scanner(gradient_T_per_m=(-1, -1, 2), drive_amplitude_mT=(12, 12, 0))
SPACE = Scanner(gradient_T_per_m=(-1, -0.6, 1.6), drive_amplitude_mT=(12, 10, 12), divider=(34, 32, 33))
SINE = PLANE.model_copy(update={"waveform": "sine", "phase_rad": (0.4, 0.1, 0.0)})
FLAT = Grid(shape=(5, 4), field_of_view_mm=(24, 30), centre_mm=(1, -2))
CUBE = Grid(shape=(3, 2, 3), field_of_view_mm=(24, 30, 12), centre_mm=(1, 0, -2))
AROUND_ZERO = Grid(shape=(3, 3), field_of_view_mm=(24, 24))
TILTED = Particle(core_diameter_nm=22, anisotropy_J_per_m3=3000, easy_axis=(0.3, 0.5, 0.8))
LANGEVIN = Particle(core_diameter_nm=22)
FLUID = Particle(core_diameter_nm=22, anisotropy_J_per_m3=3000, kind="fluid", gamma=0.7)
FLUID_BY_POSITION = FLUID.model_copy(update={"convention": "position"})
PARTICLES = {"tilted": TILTED, "langevin": LANGEVIN, "fluid": FLUID, "position": FLUID_BY_POSITION}
GEOMETRIES = {
    "plane": (PLANE, FLAT),
    "sine": (SINE, FLAT),
    "space": (SPACE, CUBE),
    "around zero": (PLANE, AROUND_ZERO),
}

ROUNDED = 2.0**-23
"""complex64 has steps of 2^-24 to 2^-23 of a value: float64 results that differ in their last digits may round to neighbours."""
EXACT = 1e-14
"""Of float64 results: both paths evaluate one spline by sums of some ten terms and an FFT, 2.2e-16 each, in another order."""
QUADRATURE = 2e-6
"""The table's own error relative to the strongest component of a channel; its bound for a weak component is 1e-3 of itself."""


def sweeps(geometry, particle, device="cpu", **options):
    scanner, grid = GEOMETRIES[geometry]
    excitation = Excitation.of(scanner, PARTICLES[particle], grid)
    gain = receive_gain(scanner, excitation.samples // 2 + 1)
    plain = Sweep(excitation, excitation.moments(), threads=1)
    return plain, TorchSweep.on(device, excitation, None, **options), gain


def difference(found, expected, channels):
    """Return the largest difference, relative to the strongest in the channel; a silent channel, to the strongest of all."""
    found, expected = np.abs(found - expected), np.abs(expected)
    error = [found[channels == c].max(initial=0) for c in range(3)]
    peak = np.array([expected[channels == c].max(initial=0) for c in range(3)])
    return max(error / np.where(peak > 1e-6 * peak.max(), peak, peak.max()))


def check_against_the_loops(geometry, particle, device, block_voxels=None):
    plain, on_device, gain = sweeps(geometry, particle, device, block_voxels=block_voxels)
    voxels, components = np.arange(len(plain.excitation.offset)), np.arange(gain.size)
    channels = components // gain.shape[1]
    (largest, values), (expected_largest, expected) = (
        sweep.run(voxels, components, gain) for sweep in (on_device, plain)
    )
    assert (values.dtype, values.shape, largest.dtype) == (np.complex64, expected.shape, np.float64)
    assert difference(values, expected, channels) <= ROUNDED
    assert difference(largest, expected_largest, channels) <= EXACT


@pytest.mark.parametrize("particle", PARTICLES)
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_a_device_gives_what_the_loops_give(geometry, particle):
    check_against_the_loops(geometry, particle, "cpu")


@pytest.mark.parametrize("block_voxels", [1, 3, 7, 20, 1000])
def test_blocks_do_not_matter(block_voxels):
    check_against_the_loops("plane", "fluid", "cpu", block_voxels)


@pytest.mark.parametrize("particle", ["tilted", "fluid"])
@pytest.mark.parametrize("geometry", ["plane", "sine"])
def test_some_voxels_and_components(geometry, particle):
    plain, on_device, gain = sweeps(geometry, particle, block_voxels=4)
    voxels = np.array([17, 3, 4, 11, 0, 8, 19])
    components = np.array([5, gain.shape[1] + 40, 7, 2 * gain.shape[1] + 3])
    everything, whole = on_device.run(voxels, np.arange(gain.size), gain)
    largest, values = on_device.run(voxels, components, gain)
    np.testing.assert_array_equal(values, whole[components])
    np.testing.assert_array_equal(largest, everything)
    _, expected = plain.run(voxels, components, gain)
    np.testing.assert_allclose(values, expected, rtol=0, atol=ROUNDED * np.abs(expected).max())
    largest, none = on_device.run(voxels, components[:0], gain)
    assert none.shape == (0, 7)
    np.testing.assert_array_equal(largest, everything)


def test_progress_reaches_the_total():
    _, on_device, gain = sweeps("plane", "tilted", block_voxels=8)
    calls = []
    on_device.run(np.arange(20), np.arange(3), gain, lambda *call: calls.append(call))
    assert calls == [(8, 20), (16, 20), (20, 20)]


def test_blocks_fill_the_memory_that_is_granted(monkeypatch):
    monkeypatch.setattr(torch_sweep, "BLOCK_BYTES", {"cpu": 2**24})
    for particle in ("tilted", "fluid"):
        plain, on_device, _ = sweeps("plane", particle)
        table = TorchTable.of(on_device.table, torch.device("cpu"))
        count = on_device.voxels_that_fit(table)
        # The moments alone take 24 bytes a sample, a fluid particle's table 16 a node.
        samples, nodes = plain.excitation.field.shape[1], on_device.table.coefficients[0].size // 2
        assert 1 < count * (24 * samples + 16 * nodes * (particle == "fluid")) < 2**24
    monkeypatch.setattr(torch_sweep, "BLOCK_BYTES", {"cpu": 1})
    assert on_device.voxels_that_fit(table) == 1


@pytest.mark.parametrize("particle", PARTICLES)
@pytest.mark.parametrize("geometry", ["plane", "space"])
def test_some_voxels_agree_with_quadrature(geometry, particle):
    _, on_device, gain = sweeps(geometry, particle)
    voxels, components = np.array([1, 6, 11]), np.arange(gain.size)
    integrated = on_device.excitation.moments("quadrature")
    expected = Sweep(on_device.excitation, integrated, threads=1).run(voxels, components, gain)[1]
    values = on_device.run(voxels, components, gain)[1]
    assert difference(values, expected, components // gain.shape[1]) < QUADRATURE


@pytest.mark.parametrize("particle", ["tilted", "fluid"])
def test_the_front_doors_take_a_device(particle):
    options = {
        "oversampling": 2,
        "transfer_function": TransferFunction(np.array([0.0, 5e6]), np.array([[1, 0.5j]] * 3)),
    }
    plain = simulate_rows(PLANE, PARTICLES[particle], FLAT, **options)
    rows = simulate_rows(PLANE, PARTICLES[particle], FLAT, device="cpu", block_voxels=6, **options)
    np.testing.assert_array_equal(rows.channel, plain.channel)
    np.testing.assert_array_equal(rows.frequency, plain.frequency)
    np.testing.assert_allclose(rows.strength, plain.strength, rtol=2 * ROUNDED)
    assert difference(rows.values, plain.values, plain.channel) <= ROUNDED
    whole = simulate_system_matrix(PLANE, PARTICLES[particle], FLAT, device="cpu", **options)
    assert difference(whole.values[rows.channel, rows.frequency], rows.values, rows.channel) <= ROUNDED


def test_a_table_may_be_given():
    table = MomentTable.build(TILTED.alpha_K, *Excitation.of(PLANE, TILTED, FLAT).largest, refine=0.5)
    plain, rows = (simulate_rows(PLANE, TILTED, FLAT, table=table, device=device) for device in (None, "cpu"))
    assert difference(rows.values, plain.values, plain.channel) <= ROUNDED
    with pytest.raises(InputError, match="table: found alpha_K"):
        simulate_rows(PLANE, LANGEVIN, FLAT, table=table, device="cpu")


def test_an_absent_gpu_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    expected = "^device: found no GPU, expected one for 'cuda'; leave it out to simulate on the processors$"
    for simulate in (simulate_rows, simulate_system_matrix):
        with pytest.raises(InputError, match=expected):
            simulate(PLANE, TILTED, FLAT, device="cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(InputError, match=r"^device: found 2 GPUs, expected one for 'cuda:2';"):
        simulate_rows(PLANE, TILTED, FLAT, device="cuda:2")


@pytest.mark.parametrize("name", ["", "gpu", "tpu", "mps", "cuda:", "cuda:x", "cuda:-1", "cpu:0", "cuda:0:1"])
def test_another_device_is_refused(name):
    with pytest.raises(
        InputError, match=f"^device: found '{name}', expected 'cuda', 'cuda:<number>' or 'cpu'$"
    ):
        simulate_rows(PLANE, TILTED, FLAT, device=name)


def test_what_a_device_does_not_do_is_refused():
    with pytest.raises(InputError, match=r"^method: found 'quadrature' with device 'cpu', expected 'table'$"):
        simulate_rows(PLANE, TILTED, FLAT, method="quadrature", device="cpu")
    with pytest.raises(InputError, match=r"^device: found 'cpu' with relaxation, expected none;"):
        simulate_rows(PLANE, TILTED, FLAT, relaxation=Relaxation(time_us=3), device="cpu")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("block_voxels", [None, 7])
@pytest.mark.parametrize("particle", PARTICLES)
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_a_gpu_gives_what_the_loops_give(geometry, particle, block_voxels):
    check_against_the_loops(geometry, particle, "cuda", block_voxels)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("particle", [TILTED, FLUID])
def test_a_gpus_memory_stays_within_its_bound(particle):
    scanner = SPACE.model_copy(update={"divider": (102, 96, 99)})
    excitation = Excitation.of(scanner, particle, CUBE)
    sweep = TorchSweep.on("cuda", excitation, None)
    gain = receive_gain(scanner, excitation.samples // 2 + 1)
    torch.cuda.reset_peak_memory_stats()
    sweep.run(np.tile(np.arange(18), 20), np.arange(gain.size), gain)
    assert torch.cuda.max_memory_allocated() < torch_sweep.BLOCK_BYTES["cuda"]
