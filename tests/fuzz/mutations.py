"""Hypothesis strategies that damage a valid file: cut, flipped, spliced, with other numbers in its header."""

from collections.abc import Callable

from hypothesis import strategies as st

NUMBERS = (
    0,
    1,
    2,
    0x7F,
    0xFF,
    0x7FFF,
    0xFFFF,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**62,
    2**63 - 1,
    2**63,
    2**64 - 1,
)
TOKENS = (
    b"null", b"true", b"-1", b"1e999", b"NaN", b"Infinity", b"9" * 5000, b"0x" + b"f" * 3000, b"1:" * 3000 + b"1",
    b"{}", b"[]", b'""', b"[" * 2000, b"{a: " * 500, b"*small", b"&small ", b"<<: *small\n", b"!!set ", b"!!pairs ",
    b"!!python/object/apply:os.system ", b"../", b"/etc/passwd", b"\n", b"\0", b"\xff\xfe", b"\\ud800", b'"a\\nb": 1, ',
)  # fmt: skip
Edit = Callable[[st.DrawFn, bytes], bytes]


def place(draw: st.DrawFn, data: bytes) -> int:
    return draw(st.integers(0, max(len(data) - 1, 0)))


def truncate(draw: st.DrawFn, data: bytes) -> bytes:
    return data[: place(draw, data)]


def flip(draw: st.DrawFn, data: bytes) -> bytes:
    where = place(draw, data)
    return (
        data[:where]
        + bytes(byte ^ 1 << draw(st.integers(0, 7)) for byte in data[where : where + 1])
        + data[where + 1 :]
    )


def replace_number(draw: st.DrawFn, data: bytes) -> bytes:
    where, length = place(draw, data), draw(st.sampled_from((1, 2, 4, 8)))
    value = draw(st.sampled_from(NUMBERS)) % 256**length
    return (
        data[:where]
        + value.to_bytes(length, draw(st.sampled_from(("little", "big"))))
        + data[where + length :]
    )


def splice(draw: st.DrawFn, data: bytes) -> bytes:
    """Copy a piece of the file to another place of it."""
    to, source, length = place(draw, data), place(draw, data), draw(st.integers(1, 64))
    return data[:to] + data[source : source + length] + data[to:]


def remove(draw: st.DrawFn, data: bytes) -> bytes:
    where = place(draw, data)
    return data[:where] + data[where + draw(st.integers(1, 64)) :]


def insert(draw: st.DrawFn, data: bytes) -> bytes:
    where, cut = place(draw, data), draw(st.integers(0, 4))
    return data[:where] + draw(st.sampled_from(TOKENS)) + data[where + cut :]


EDITS: tuple[Edit, ...] = (truncate, flip, replace_number, replace_number, splice, remove, insert)


@st.composite
def mutated(draw: st.DrawFn, valid: bytes) -> bytes:
    """A valid file after one to six edits."""
    data = valid
    for _ in range(draw(st.integers(1, 6))):
        data = draw(st.sampled_from(EDITS))(draw, data)
    return data
