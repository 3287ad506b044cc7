import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpipipe.config.reconstruct import RowSelection
from mpipipe.errors import InputError
from mpipipe.reconstruction.selection import row_snr, select_rows


def noise(seed, *shape):
    rng = np.random.default_rng(seed)
    return rng.normal(size=shape) + 1j * rng.normal(size=shape)


def frames_of_deviation(components, deviation, mean=0.0):
    """Background frames whose mean |B − mean(B)| is known exactly."""
    return mean + np.tile([deviation, -deviation, 1j * deviation, -1j * deviation], (components, 1))


def test_clear_rows_use_their_own_plateau():
    """Thirty rows, each with two voxels of its own height over a low floor: signal is the height."""
    heights = np.geomspace(10, 1000, 30)
    S = np.full((30, 4, 5), 1.0) * heights[:, None, None] * 0.1
    S[:, 2, 3], S[:, 1, 1] = heights, 0.95 * heights
    snr = row_snr(S + 0j, frames_of_deviation(30, 0.5))
    np.testing.assert_allclose(snr, 0.975 * heights / 0.5)


def test_weak_rows_use_the_mask_of_the_best_twenty():
    """Twenty strong rows peak in voxel 7; a weak row is read there, whatever its own maximum."""
    S = np.zeros((21, 16), complex)
    S[:20] = 1.0
    S[:20, 7] = 50.0
    S[20] = 0.9 * np.linspace(0, 1, 16)
    snr = row_snr(S, frames_of_deviation(21, 1.0))
    np.testing.assert_allclose(snr[20], S[20, 7].real)
    np.testing.assert_allclose(snr[:20], 50.0)


def test_background_is_subtracted():
    S = np.zeros((5, 9), complex)
    S[:, 4] = 100
    offset = 3 - 4j
    shifted = row_snr(S + offset, frames_of_deviation(5, 1.0, offset))
    np.testing.assert_allclose(shifted, row_snr(S, frames_of_deviation(5, 1.0)))


def test_channels_have_masks_of_their_own():
    S = noise(0, 50, 30) + 10 * noise(1, 50, 1)
    background = noise(2, 50, 40)
    channel = np.arange(50) % 2
    together = row_snr(S, background, channel)
    for one in (0, 1):
        np.testing.assert_array_equal(
            together[channel == one], row_snr(S[channel == one], background[channel == one])
        )


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**16), exponent=st.integers(-20, 20), phase=st.floats(0, 6.28))
def test_snr_does_not_depend_on_unit_and_phase(seed, exponent, phase):
    S, background = 5 * noise(seed, 25, 12), noise(seed + 1, 25, 30)
    factor = 2.0**exponent * np.exp(1j * phase)
    np.testing.assert_allclose(row_snr(S * factor, background * factor), row_snr(S, background), rtol=1e-9)


def test_a_silent_background_gives_infinite_or_no_snr():
    S = np.zeros((2, 4), complex)
    S[0] = 1
    np.testing.assert_array_equal(row_snr(S, np.zeros((2, 3), complex)), [np.inf, 0])


def test_noise_alone_has_the_snr_of_a_rayleigh_variable():
    """Median over mean of |noise| is sqrt(2 ln 2)/sqrt(π/2) = 0.939; the mask is that of other rows."""
    snr = row_snr(noise(3, 400, 400), noise(4, 400, 400))
    assert abs(snr.mean() - np.sqrt(2 * np.log(2)) / np.sqrt(np.pi / 2)) < 0.03


@pytest.mark.parametrize(
    "matrix, background, channel",
    [
        (noise(0, 5, 4), noise(0, 4, 3), None),
        (noise(0, 5, 4), noise(0, 5, 0), None),
        (noise(0, 5), noise(0, 5, 3), None),
        (np.full((5, 4), np.nan), noise(0, 5, 3), None),
        (noise(0, 5, 4), noise(0, 5, 3), [0, 1]),
    ],
)
def test_snr_refuses_what_does_not_fit(matrix, background, channel):
    with pytest.raises(InputError, match="found"):
        row_snr(matrix, background, channel)


def test_selection_takes_rows_that_meet_every_limit():
    selection = RowSelection(snr_threshold=2, min_frequency_Hz=80e3, channels=(0, 2))
    kept = select_rows(
        selection,
        components=6,
        snr=[3, 1, 3, 3, 2, 9],
        frequency_Hz=[1e5, 1e5, 7e4, 1e5, 8e4, 9e4],
        channel=[0, 0, 0, 1, 2, 2],
    )
    np.testing.assert_array_equal(kept, [True, False, False, False, True, True])
    assert select_rows(RowSelection(), components=4).all()


@pytest.mark.parametrize(
    "limits, line",
    [
        ({"snr_threshold": 1.0}, "snr_threshold: found no snr"),
        ({"min_frequency_Hz": 1.0}, "min_frequency_Hz: found no frequency_Hz"),
        ({"channels": (0,)}, "channels: found no channel"),
    ],
)
def test_a_limit_needs_its_values(limits, line):
    with pytest.raises(InputError, match=line):
        select_rows(RowSelection(**limits), components=3)


def test_an_empty_selection_is_a_mistake():
    with pytest.raises(InputError, match="row selection: found none of 3 rows with snr >= 5"):
        select_rows(RowSelection(snr_threshold=5), components=3, snr=[1, 2, 3])
    with pytest.raises(InputError, match=r"snr: found shape \(2,\)"):
        select_rows(RowSelection(snr_threshold=5), components=3, snr=[1, 2])
