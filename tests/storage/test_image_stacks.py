import numpy as np
import pytest

from mpipipe.storage.arrays import read_arrays
from mpipipe.storage.image_stacks import write_stacks
from mpipipe.storage.manifest import write_manifest


def blocks(truth, pairs, size, attributes=None):
    for first in range(0, len(truth), size):
        if attributes is not None:
            attributes["last"] = first
        yield {"truth": truth[first : first + size], "pairs": pairs[first : first + size]}


def test_blocks_come_back_as_one_stack_with_what_was_found_on_the_way(tmp_path):
    rng = np.random.default_rng(0)
    truth, pairs = rng.random((10, 3, 4), dtype=np.float32), rng.random((10, 2, 3, 4))
    attributes = {"name": "train"}
    path = tmp_path / "stacks.zarr"
    write_stacks(path, 10, blocks(truth, pairs, 4, attributes), attributes)
    write_manifest(path, {"noun": "scene"}, {})
    arrays, described = read_arrays(path)
    assert set(arrays) == {"truth", "pairs"} and described == {"name": "train", "last": 8}
    np.testing.assert_array_equal(arrays["truth"], truth)
    np.testing.assert_array_equal(arrays["pairs"], pairs)
    assert arrays["truth"].dtype == np.float32 and arrays["pairs"].dtype == np.float64


def test_a_stack_that_is_not_whole_is_not_there(tmp_path):
    truth = np.zeros((5, 2, 2), np.float32)
    path = tmp_path / "stacks.zarr"
    with pytest.raises(ValueError, match="found 5 items in all blocks, expected 6"):
        write_stacks(path, 6, blocks(truth, truth, 2), {})
    assert not path.exists()

    def breaks():
        yield {"truth": truth[:2]}
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        write_stacks(path, 5, breaks(), {})
    assert list(tmp_path.iterdir()) == []
