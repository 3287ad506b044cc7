"""Fuzz one reader along the paths of its code: ``python -m tests.fuzz.coverage_guided READER FOLDER [-libfuzzer=options]``.

Atheris watches the package's own parsers, libFuzzer keeps the inputs that reach new branches. The corpus begins with the valid
file; an input that fails is kept in the folder as ``crash-…``, ``timeout-…`` or ``oom-…``.
"""

import ctypes
import sys
from pathlib import Path

import atheris

from tests.fuzz.forked import use_copies
from tests.fuzz.readers import READERS

PACKAGE = Path(__file__).resolve().parents[2] / "mpipipe"
PARSERS = ("cli", "config", "storage")


def others() -> list[str]:
    """The modules that parse nothing; numba cannot compile what atheris watches."""
    files = (path.relative_to(PACKAGE.parent).with_suffix("") for path in PACKAGE.rglob("*.py"))
    return [".".join(file.parts) for file in files if file.parts[1] not in PARSERS]


WATCHED = {"include": ["mpipipe"], "exclude": others()}
with atheris.instrument_imports(**WATCHED):
    from tests.fuzz.outcome import try_input


def main(name: str, folder: Path, options: list[str]) -> None:
    reader, file, corpus = READERS[name], folder / READERS[name].file, folder / "corpus"
    corpus.mkdir(exist_ok=True)
    with atheris.instrument_imports(**WATCHED):
        use_copies()
        reader.write(folder)
        valid = file.read_bytes()
        assert try_input(reader, file, valid), "the valid file is not read"
    (corpus / "valid").write_bytes(valid)
    limits = [f"-artifact_prefix={folder}/", f"-max_len={2 * len(valid) + 256}", "-print_final_stats=1"]

    def read(data: bytes) -> None:
        try_input(reader, file, data)

    # libFuzzer ends the process under the threads of the libraries, which then find their memory gone; what crashes after
    # the last input says nothing of a reader. The handler that is registered last is called first, with the exit code.
    c = ctypes.CDLL(None)
    c.on_exit(c._exit, None)
    atheris.Setup([sys.argv[0], *limits, *options, str(corpus)], read)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
