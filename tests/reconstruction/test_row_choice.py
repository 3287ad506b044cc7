import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpipipe.errors import InputError
from mpipipe.reconstruction.row_choice import keep_measured_rows, keep_rows


def rows(count, seed=0):
    """Shuffled rows of two channels: matrix, channel, frequency, SNR. Each voxel holds the row's own number."""
    rng = np.random.default_rng(seed)
    place = rng.permutation(count)
    matrix = np.broadcast_to(place[:, None, None] + 1j, (count, 3, 2))
    return matrix, place % 2, place // 2, rng.permutation(count) + 1.0


@settings(max_examples=40, deadline=None)
@given(count=st.integers(1, 60), share=st.floats(0, 1), seed=st.integers(0, 99))
def test_the_asked_number_of_best_rows_is_kept_in_natural_order(count, share, seed):
    matrix, channel, frequency, snr = rows(count, seed)
    asked = max(1, round(share * count))
    kept = keep_rows(matrix, channel, frequency, snr, asked)
    assert kept.matrix.shape == (asked, 3, 2)
    assert kept.matrix.dtype == np.complex64
    assert sorted(kept.snr) == sorted(snr)[-asked:]
    assert kept.threshold == kept.snr.min()
    pairs = list(zip(kept.channel.tolist(), kept.frequency.tolist(), strict=True))
    assert pairs == sorted(pairs)
    np.testing.assert_array_equal(kept.matrix[:, 0, 0].real, 2 * kept.frequency + kept.channel)
    by_pair = dict(zip(zip(channel.tolist(), frequency.tolist(), strict=True), snr, strict=True))
    assert [by_pair[pair] for pair in pairs] == kept.snr.tolist()


def test_ties_at_the_threshold_are_all_kept():
    matrix, channel, frequency, _ = rows(6)
    kept = keep_rows(matrix, channel, frequency, np.array([1, 2, 2, 2, 5, 7]), 3)
    assert len(kept.matrix) == 5
    assert kept.threshold == 2


@pytest.mark.parametrize("components", [0, 5, 7])
def test_more_rows_than_carry_signal_are_refused(components):
    matrix, channel, frequency, _ = rows(6)
    with pytest.raises(InputError, match=f"components: found {components}, expected 1 to 4"):
        keep_rows(matrix, channel, frequency, np.array([0, 0, 1, 2, 3, 4.0]), components)


def test_what_does_not_fit_is_named():
    matrix, channel, frequency, snr = rows(6)
    bad = [
        (matrix[0], channel, frequency, snr),
        (matrix, channel[1:], frequency, snr),
        (matrix, channel, frequency, snr[:, None]),
        (np.where(np.arange(6)[:, None, None] == 2, np.nan, matrix), channel, frequency, snr),
        (matrix, channel, frequency, np.where(snr == 2, np.nan, snr)),
    ]
    for arrays in bad:
        with pytest.raises(InputError, match=r"^matrix.*snr: found") as error:
            keep_rows(*arrays, 2)
        assert "\n" not in str(error.value)


def volume():
    """A 3-D matrix of two channels, whose voxels tell component and slice; frequency 7 is the first."""
    channel, frequency, _, _, z = np.indices((2, 5, 3, 4, 19))
    return 1000 * channel + 100 * frequency + z + 0j


def test_the_tenth_slice_of_a_measured_volume():
    snr = np.arange(10.0).reshape(2, 5) + 1
    kept = keep_measured_rows(volume(), snr, np.arange(7, 12), 4, z_slice=9)
    assert kept.matrix.shape == (4, 3, 4)
    np.testing.assert_array_equal(kept.matrix[:, 1, 2].real, [1109, 1209, 1309, 1409])
    np.testing.assert_array_equal(kept.channel, 1)
    np.testing.assert_array_equal(kept.frequency, [8, 9, 10, 11])
    np.testing.assert_array_equal(kept.snr, [7, 8, 9, 10])
    assert kept.threshold == 7
    plane = keep_measured_rows(volume()[..., 9], snr, np.arange(7, 12), 4)
    np.testing.assert_array_equal(plane.matrix, kept.matrix)


@pytest.mark.parametrize("z_slice", [None, -1, 19])
def test_slices_that_are_not_there_are_refused(z_slice):
    with pytest.raises(InputError, match=r"z_slice: found .*, expected 0 to 18"):
        keep_measured_rows(volume(), np.ones((2, 5)), np.arange(5), 4, z_slice)
    with pytest.raises(InputError, match="z_slice: found 0, expected none for a 2-D matrix"):
        keep_measured_rows(volume()[..., 0], np.ones((2, 5)), np.arange(5), 4, 0)


def test_measured_arrays_that_do_not_fit_are_named():
    for matrix, snr, frequency in (
        (volume(), np.ones((2, 4)), np.arange(5)),
        (volume(), np.ones((2, 5)), np.arange(4)),
        (volume()[0], np.ones((2, 5)), np.arange(5)),
    ):
        with pytest.raises(InputError, match="matrix, snr, frequency: found shapes"):
            keep_measured_rows(matrix, snr, frequency, 3, 9)
