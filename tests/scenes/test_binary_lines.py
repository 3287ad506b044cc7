import numpy as np
import pytest
from scipy.ndimage import label

from mpipipe.errors import InputError
from mpipipe.scenes.binary_lines import letters, random_lines, stripes


def test_random_voxels_are_fair_and_independent():
    scenes = random_lines(20000, 129, np.random.default_rng(0))
    assert (scenes.shape, scenes.dtype) == ((20000, 129), np.float32)
    assert set(np.unique(scenes)) == {0.0, 1.0}
    # Five standard deviations of a fair coin, and of the correlation of two.
    np.testing.assert_allclose(scenes.mean(axis=0), 0.5, atol=5 * 0.5 / np.sqrt(20000))
    correlation = np.corrcoef(scenes, rowvar=False) - np.eye(129)
    assert np.abs(correlation).max() < 5 / np.sqrt(20000)


def test_random_scenes_follow_from_their_generator():
    first, again, other = (random_lines(5, 129, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_stripes_get_wider_from_one_voxel_on():
    picture = stripes(129, 40)
    assert picture.shape == (40, 129)
    np.testing.assert_array_equal(picture[0], np.arange(129) % 2 == 0)
    widths = []
    for row in picture:
        edges = np.flatnonzero(np.diff(row))
        assert set(np.diff(edges)) <= {edges[0] + 1}
        widths.append(int(edges[0]) + 1)
    assert (widths[-1], widths == sorted(widths)) == (16, True)
    assert len(set(widths)) > 10


def test_letters_are_three_separate_shapes_with_the_topology_of_m_p_i():
    picture = letters(129, 20)
    assert picture.shape == (20, 129)
    assert set(np.unique(picture)) == {0.0, 1.0}
    labelled, count = label(picture, np.ones((3, 3)))
    assert count == 3
    order = np.argsort([np.flatnonzero((labelled == i).any(axis=0))[0] for i in (1, 2, 3)]) + 1
    m, p, i = (labelled == number for number in order)
    # Only P encloses a hole; M is its own mirror image, as is I; both ends of I are wider than its middle.
    assert [label(~letter)[1] - 1 for letter in (m, p, i)] == [0, 1, 0]
    rows = np.flatnonzero(i.any(axis=1))
    assert i[rows[0]].sum() > 2 * i[rows[len(rows) // 2]].sum()
    assert i[rows[-1]].sum() == i[rows[0]].sum()
    feet = np.flatnonzero(m.any(axis=1))[-1]
    assert label(m[feet])[1] == 2
    # Upright: the bowl of P is in its upper half.
    hole = label(~p)[0] == 2 if (label(~p)[0] == 2).sum() < (label(~p)[0] == 1).sum() else label(~p)[0] == 1
    assert np.flatnonzero(hole.any(axis=1)).max() < 10


@pytest.mark.parametrize(
    "draw",
    [
        lambda: random_lines(0, 129, np.random.default_rng(0)),
        lambda: stripes(0),
        lambda: letters(10, 20),
        lambda: letters(129, 5),
    ],
)
def test_sizes_that_do_not_fit_are_refused(draw):
    with pytest.raises(InputError, match="found"):
        draw()
