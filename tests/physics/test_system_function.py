"""System functions against numerical integrals, laws of the model, and the quadrature path."""

import numpy as np
import pytest
from scipy.integrate import quad

from mpipipe.errors import InputError
from mpipipe.physics import system_function
from mpipipe.physics.excitation import Excitation
from mpipipe.physics.grid import Grid
from mpipipe.physics.magnetization import langevin, mean_moment
from mpipipe.physics.particle import Particle
from mpipipe.physics.receive_chain import TransferFunction
from mpipipe.physics.scanner import Scanner
from mpipipe.physics.system_function import simulate_rows, simulate_system_matrix
from mpipipe.physics.trajectory import drive_field_T, sample_times_s

TWO_D = Scanner(gradient_T_per_m=(-1, -1, 2), drive_amplitude_mT=(12, 12, 0))
TILTED = Particle(core_diameter_nm=22, anisotropy_J_per_m3=3000, easy_axis=(0.3, 0.5, 0.8))
FLUID = Particle(core_diameter_nm=22, anisotropy_J_per_m3=3000, kind="fluid", gamma=0.7)
SMALL = Grid(shape=(4, 3), field_of_view_mm=(24, 30), centre_mm=(1, -2))


def dense(scanner, particle, grid, **options):
    return simulate_system_matrix(scanner, particle, grid, **options).values


def test_one_dimensional_langevin_harmonics_are_fourier_integrals():
    scanner = Scanner(drive_amplitude_mT=(12, 0, 0), divider=(1000, 96, 99))
    particle = Particle(core_diameter_nm=20)
    grid = Grid(shape=(3,), field_of_view_mm=(18,))
    S = dense(scanner, particle, grid, method="quadrature")
    assert S.shape == (3, 501, 3)
    beta, omega = particle.beta_per_T, 2 * np.pi * scanner.drive_frequency_Hz[0]
    for voxel, x in enumerate(grid.axes_m()[0]):
        for k in (1, 2, 3, 6):
            # With cosine drive the coefficient of the moment is real: an integral over half a turn.
            integral, _ = quad(
                lambda u, k=k, x=x: langevin(beta * (-x + 12e-3 * np.cos(u))) * np.cos(k * u),
                0,
                np.pi,
                epsabs=1e-13,
            )
            expected = 1j * k * omega * integral / np.pi
            assert S[0, k, voxel] == pytest.approx(expected, rel=1e-6, abs=1e-6 * omega)
    assert not S[1:].any()


def test_spectrum_is_the_derivative_of_the_moment():
    scanner = TWO_D.model_copy(update={"waveform": "sine", "phase_rad": (0.4, 0.1, 0.0)})
    particle = Particle(core_diameter_nm=15, easy_axis=(1, 2, 3), anisotropy_J_per_m3=2000)
    S = dense(scanner, particle, SMALL, oversampling=4, method="quadrature").reshape(3, -1, 12)
    samples = 2 * (S.shape[1] - 1)
    signal = samples * np.fft.irfft(S, axis=1)
    time, step, beta_place = sample_times_s(scanner, 4), 1e-9, SMALL.positions_m().reshape(-1, 3)[5]
    offset = beta_place * np.array(scanner.gradient_T_per_m)
    moments = [
        mean_moment(1e3 * (offset + drive_field_T(scanner, time + s)), particle) for s in (step, -step)
    ]
    np.testing.assert_allclose(
        signal[:, :, 5].T, (moments[0] - moments[1]) / (2 * step), atol=2e-6 * np.abs(signal).max()
    )


@pytest.mark.parametrize("particle", [TILTED, FLUID])
def test_parseval(particle):
    S = dense(TWO_D, particle, SMALL).astype(np.complex128)
    X = S[:, 1:] / (2j * np.pi * TWO_D.frequency_Hz(np.arange(1, 817)))[:, None, None]
    energy = 2 * (np.abs(X[:, :-1]) ** 2).sum(axis=1) + np.abs(X[:, -1]) ** 2
    excitation = Excitation.of(TWO_D, particle, SMALL)
    half = np.empty((12, 3, 817))
    excitation.moments_by_quadrature(np.arange(12), half)
    whole = np.concatenate([half, half[:, :, -2:0:-1]], axis=2)
    np.testing.assert_allclose(energy.reshape(3, 12).T, whole.var(axis=2), rtol=1e-5)


def test_even_drive_gives_imaginary_components():
    assert not dense(TWO_D, TILTED, SMALL).real.any()


@pytest.mark.parametrize("particle", [TILTED, FLUID])
def test_time_symmetry_is_only_a_shortcut(particle):
    # A whole turn of phase is the same drive field, but takes the general path over the whole period.
    turned = TWO_D.model_copy(update={"phase_rad": (2 * np.pi, 0.0, 0.0)})
    assert Excitation.of(TWO_D, particle, SMALL).symmetric
    assert not Excitation.of(turned, particle, SMALL).symmetric
    a, b = dense(TWO_D, particle, SMALL), dense(turned, particle, SMALL)
    np.testing.assert_allclose(a, b, atol=1e-6 * np.abs(a).max())


def test_mirrored_rows_follow_from_a_shift_by_half_a_period():
    # Half a period later the y-drive (harmonic 17) has turned over and the x-drive (16) has not. Without anisotropy the
    # moment at (x, -y) is therefore the mirrored moment at (x, y), half a period later.
    S = dense(TWO_D, Particle(core_diameter_nm=23), Grid(shape=(4, 5), field_of_view_mm=(24, 30)))
    shift = (-1.0) ** np.arange(817)[:, None, None]
    np.testing.assert_allclose(S[0, :, :, ::-1], shift * S[0], atol=1e-6 * np.abs(S).max())
    np.testing.assert_allclose(S[1, :, :, ::-1], -shift * S[1], atol=1e-6 * np.abs(S).max())


@pytest.mark.parametrize("dimension", [2, 3])
def test_strong_components_agree_with_quadrature(dimension):
    """Every component above 1e-4 of its channel's strongest is within 1e-3: largest error over largest modulus."""
    rng = np.random.default_rng(10 + dimension)
    for _ in range({2: 6, 3: 1}[dimension]):
        scanner, particle, grid = random_matrix(rng, dimension)
        exact = simulate_rows(scanner, particle, grid, method="quadrature")
        close = simulate_rows(scanner, particle, grid, keep_above=5e-5)
        key = close.channel * 10**6 + close.frequency
        place = np.searchsorted(key, exact.channel * 10**6 + exact.frequency)
        error = np.abs(close.values[place] - exact.values).reshape(len(exact.values), -1).max(axis=1)
        assert (error / np.abs(exact.values).reshape(len(error), -1).max(axis=1)).max() < 1e-3


def random_matrix(rng, dimension):
    amplitude = rng.uniform(5, 14, 3) * (np.arange(3) < dimension)
    gradient = rng.uniform(0.1, 1.5, 2)
    scanner = Scanner(gradient_T_per_m=(*gradient, -gradient.sum()), drive_amplitude_mT=tuple(amplitude))
    particle = Particle(
        core_diameter_nm=rng.uniform(20, 25),
        anisotropy_J_per_m3=rng.uniform(100, 1e4),
        kind=rng.choice(["fluid", "immobilised"]),
        convention=rng.choice(["selection_field", "position"]),
        easy_axis=tuple(rng.normal(size=3)),
        gamma=rng.uniform(0.3, 1.3),
    )
    field_of_view = 2 * amplitude / np.abs(scanner.gradient_T_per_m) * rng.uniform(1, 1.5, 3)
    shape = {2: (4, 4), 3: (2, 1, 1)}[dimension]
    grid = Grid(shape=shape, field_of_view_mm=tuple(field_of_view[:dimension]), centre_mm=(1.0,) * dimension)
    return scanner, particle, grid


@pytest.mark.parametrize("particle", [TILTED, FLUID])
def test_rule_of_kept_components(particle):
    rows = simulate_rows(TWO_D, particle, SMALL, keep_above=1e-3)
    S = dense(TWO_D, particle, SMALL)
    strength = np.abs(S).max(axis=(2, 3))
    strongest = strength.max(axis=1, keepdims=True)
    expected = (strength > 1e-3 * strongest) & (strongest > 1e-6 * strongest.max())
    expected[:, 0] = False
    channel, frequency = np.nonzero(expected)
    np.testing.assert_array_equal(rows.channel, channel)
    np.testing.assert_array_equal(rows.frequency, frequency)
    np.testing.assert_array_equal(rows.values, S[channel, frequency])
    np.testing.assert_allclose(rows.strength, strength[channel, frequency] / strongest[channel, 0], rtol=1e-5)
    assert (rows.values.dtype, rows.channel.dtype, rows.strength.dtype) == (
        np.complex64,
        np.int32,
        np.float32,
    )


def test_a_silent_channel_is_not_kept():
    rows = simulate_rows(TWO_D, Particle(core_diameter_nm=22), SMALL)
    assert set(rows.channel) == {0, 1}


@pytest.mark.parametrize("particle", [TILTED, FLUID])
def test_blocks_and_threads_do_not_change_a_byte(particle):
    reference = simulate_rows(TWO_D, particle, SMALL)
    for options in ({"block_voxels": 1}, {"block_voxels": 5, "threads": 1}, {"threads": 3}, {}):
        again = simulate_rows(TWO_D, particle, SMALL, **options)
        for name in ("values", "channel", "frequency", "strength"):
            assert getattr(again, name).tobytes() == getattr(reference, name).tobytes()


@pytest.mark.parametrize("margin", [0.3, 0.999])
def test_previewed_components_give_the_same_rows(monkeypatch, margin):
    # A margin near one makes the preview miss components, which the second pass finds.
    grid = Grid(shape=(9, 8), field_of_view_mm=(24, 30), centre_mm=(1, -2))
    whole = simulate_rows(TWO_D, FLUID, grid)
    monkeypatch.setattr(system_function, "WHOLE_VALUES", 0)
    monkeypatch.setattr(system_function, "CANDIDATE_MARGIN", margin)
    previewed = simulate_rows(TWO_D, FLUID, grid)
    for name in ("values", "channel", "frequency", "strength"):
        assert getattr(previewed, name).tobytes() == getattr(whole, name).tobytes()


def test_a_given_table_and_progress():
    table = Excitation.of(TWO_D, TILTED, SMALL).table()
    seen = []
    rows = simulate_rows(
        TWO_D, TILTED, SMALL, table=table, block_voxels=5, progress=lambda *step: seen.append(step)
    )
    assert seen == [(5, 12), (10, 12), (12, 12)]
    np.testing.assert_array_equal(rows.values, simulate_rows(TWO_D, TILTED, SMALL).values)
    stronger = TILTED.model_copy(update={"core_diameter_nm": 25.0})
    with pytest.raises(InputError, match="table: found"):
        simulate_rows(TWO_D, stronger, SMALL, table=table)


def test_transfer_function_multiplies_channels():
    frequency = np.linspace(0, 1.25e6, 40)
    gain = np.stack([np.full(40, 2 + 1j), 1 + frequency / 1e6, np.exp(1j * frequency / 1e6)])
    plain = dense(TWO_D, TILTED, SMALL)
    received = dense(TWO_D, TILTED, SMALL, transfer_function=TransferFunction(frequency, gain))
    asked = TWO_D.frequency_Hz(np.arange(817))
    exact = np.stack([np.full(817, 2 + 1j), 1 + asked / 1e6])
    np.testing.assert_allclose(received[:2], plain[:2] * exact[:, :, None, None], rtol=1e-5)


def test_oversampling_approaches_the_continuous_spectrum():
    particle = Particle(core_diameter_nm=25)
    coarse, fine, finest = (dense(TWO_D, particle, SMALL, oversampling=n)[:, :817] for n in (1, 2, 8))
    errors = [np.abs(S - finest).max() / np.abs(finest).max() for S in (coarse, fine)]
    assert errors[1] < errors[0] / 20
    assert errors[0] < 1e-2


def test_labels():
    S = simulate_system_matrix(TWO_D, TILTED, SMALL)
    assert S.dims == ("channel", "frequency", "x", "y")
    assert S.dtype == np.complex64
    assert S.sizes == {"channel": 3, "frequency": 817, "x": 4, "y": 3}
    assert list(S.channel.values) == ["x", "y", "z"]
    np.testing.assert_allclose(S.frequency_Hz, np.arange(817) / 652.8e-6, rtol=1e-12)
    np.testing.assert_array_equal(16 * S.mixing_order_x + 17 * S.mixing_order_y, np.arange(817))
    np.testing.assert_allclose(S.x, SMALL.axes_m()[0])
    assert (S.x.attrs["units"], S.frequency_Hz.attrs["units"], S.attrs["units"]) == ("m", "Hz", "1/s")
    assert Scanner.model_validate(S.attrs["scanner"]) == TWO_D
    assert Particle.model_validate(S.attrs["particle"]) == TILTED
    assert Grid.model_validate(S.attrs["grid"]) == SMALL


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"keep_above": 1.0}, "keep_above: found 1.0"),
        ({"keep_above": float("nan")}, "keep_above: found nan"),
        ({"method": "series"}, "method: found 'series'"),
        ({"block_voxels": 0}, "block_voxels: found 0"),
        ({"threads": 0}, "threads: found 0"),
        ({"oversampling": 0}, "oversampling: found 0"),
    ],
)
def test_mistakes_are_one_line(options, message):
    with pytest.raises(InputError, match=message) as caught:
        simulate_rows(TWO_D, TILTED, SMALL, **options)
    assert "\n" not in str(caught.value)


def test_a_matrix_too_large_to_hold_is_refused():
    scanner = TWO_D.model_copy(update={"drive_amplitude_mT": (12.0, 12.0, 12.0)})
    grid = Grid(shape=(25, 25, 25), field_of_view_mm=(30, 30, 15))
    with pytest.raises(InputError, match=r"grid: found a system matrix of 9\.4 GiB.*simulate_rows"):
        simulate_system_matrix(scanner, TILTED, grid)
