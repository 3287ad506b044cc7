import gzip
import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mpipipe.config.digits import DigitsConfig
from mpipipe.errors import InputError
from mpipipe.storage.digits import read_digit_sources
from mpipipe.storage.idx import read_idx_images
from mpipipe.storage.manifest import content_digest

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 28, 28), dtype=np.uint8)
MAGIC = bytes((0, 0, 8, 3))
SHARED_FOLDER = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def idx(images, magic=MAGIC, sizes=None):
    """The bytes of an IDX file."""
    return magic + struct.pack(">3I", *(sizes or images.shape)) + images.tobytes()


def write(path, data):
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_images_come_back(tmp_path, pack):
    found = read_idx_images(write(tmp_path / "images", pack(idx(IMAGES))))
    np.testing.assert_array_equal(found, IMAGES)
    assert found.dtype == np.uint8


def test_a_known_file_byte_by_byte(tmp_path):
    """Two images of 2 rows and 3 columns; sizes are big-endian, columns fastest."""
    data = bytes.fromhex("00000803 00000002 00000002 00000003 000102030405 f0f1f2f3f4ff")
    found = read_idx_images(write(tmp_path / "images", data))
    np.testing.assert_array_equal(found, [[[0, 1, 2], [3, 4, 5]], [[240, 241, 242], [243, 244, 255]]])


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize(
    "data, line",
    [
        (b"", "found 0 bytes, expected a header of 16"),
        (MAGIC + bytes(11), "found 15 bytes, expected a header of 16"),
        (idx(IMAGES, bytes((0, 0, 8, 1))), "found magic number 0x00000801, expected 0x00000803"),
        (idx(IMAGES, bytes((0, 0, 13, 3))), "found magic number 0x00000d03, expected 0x00000803"),
        (b"PK\x03\x04" + bytes(40), "found magic number 0x504b0304"),
        (idx(IMAGES)[:-1], "found 3919 bytes of images, expected 3920"),
        (idx(IMAGES) + b"\0", "found more bytes of images, expected 3920"),
        (idx(IMAGES, sizes=(0, 28, 28)), "found sizes .0, 28, 28., expected positive"),
        (idx(IMAGES, sizes=(2**32 - 1,) * 3), "expected positive ones of at most 1073741824 bytes"),
    ],
)
def test_mistakes_are_named_in_one_line(tmp_path, pack, data, line):
    path = write(tmp_path / "images", pack(data))
    with pytest.raises(InputError, match=line) as error:
        read_idx_images(path)
    assert "\n" not in str(error.value)
    assert str(path) in str(error.value)


def test_missing_files_are_named(tmp_path):
    for path in (tmp_path / "absent", tmp_path):
        with pytest.raises(InputError, match="found no file"):
            read_idx_images(path)


def test_size_is_checked_before_memory_is_taken(tmp_path):
    path = write(tmp_path / "images", idx(IMAGES))
    with pytest.raises(InputError, match="of at most 3919 bytes in all"):
        read_idx_images(path, max_bytes=3919)
    assert read_idx_images(path, max_bytes=3920).shape == IMAGES.shape


def test_a_small_file_that_unpacks_to_much_is_refused(tmp_path):
    bomb = write(tmp_path / "images", gzip.compress(idx(IMAGES) + bytes(2**26)))
    assert bomb.stat().st_size < 100_000
    with pytest.raises(InputError, match="found more bytes"):
        read_idx_images(bomb)


@SHARED_FOLDER
@given(share=st.floats(0, 1, exclude_max=True), compressed=st.booleans())
def test_truncated_files_are_refused(tmp_path, share, compressed):
    data = gzip.compress(idx(IMAGES)) if compressed else idx(IMAGES)
    with pytest.raises(InputError):
        read_idx_images(write(tmp_path / "cut", data[: int(share * len(data))]))


@SHARED_FOLDER
@given(data=st.binary(max_size=200), header=st.sampled_from([b"", MAGIC, b"\x1f\x8b", b"\x1f\x8b\x08\x00"]))
def test_any_bytes_are_images_or_one_clear_line(tmp_path, data, header):
    path = write(tmp_path / "any", header + data)
    try:
        images = read_idx_images(path, max_bytes=1000)
    except InputError as error:
        assert str(error).startswith(f"{path}: found")
        assert "\n" not in str(error)
    else:
        assert path.read_bytes() == idx(images)


@SHARED_FOLDER
@given(
    images=st.tuples(*[st.integers(1, 6)] * 3),
    place=st.floats(0, 1, exclude_max=True),
    value=st.integers(1, 255),
)
def test_a_changed_byte_of_a_compressed_file_is_never_read_as_other_images(tmp_path, images, place, value):
    """Gzip's checksum covers the images; of its own header only flags and names are free."""
    truth = np.random.default_rng(0).integers(0, 256, images, dtype=np.uint8)
    data = bytearray(gzip.compress(idx(truth)))
    data[int(place * len(data))] ^= value
    try:
        found = read_idx_images(write(tmp_path / "changed", bytes(data)))
    except InputError:
        return
    np.testing.assert_array_equal(found, truth)


def test_mnist_is_read_and_its_digest_checked(tmp_path):
    path = write(tmp_path / "train-images", gzip.compress(idx(IMAGES)))
    digest = content_digest(path)
    for expected in (None, digest, digest.upper()):
        config = DigitsConfig(source="mnist", mnist_images=str(path), mnist_sha256=expected)
        sources = read_digit_sources(config)
        assert sources.dtype == np.float32
        np.testing.assert_allclose(sources, IMAGES / 255, rtol=1e-6)
    other = DigitsConfig(source="mnist", mnist_images=str(path), mnist_sha256="0" * 64)
    with pytest.raises(InputError, match=f"found SHA-256 {digest}, expected {'0' * 64}"):
        read_digit_sources(other)


def test_bundled_digits_lie_in_the_frame_of_mnist():
    """1797 digits; averaged over their voxels they are scikit-learn's own, smoothed."""
    from sklearn.datasets import load_digits

    sources = read_digit_sources(DigitsConfig())
    assert sources.shape == (1797, 28, 28)
    assert sources.dtype == np.float32
    assert sources.min() == 0 and sources.max() <= 1
    box = sources[:, 4:24, 4:24].copy()
    sources[:, 4:24, 4:24] = 0
    assert not sources.any()
    original = load_digits().images / 16
    halves = box.reshape(-1, 4, 5, 4, 5).mean(axis=(2, 4))
    expected = original.reshape(-1, 4, 2, 4, 2).mean(axis=(2, 4))
    assert np.corrcoef(halves.ravel(), expected.ravel())[0, 1] > 0.99
