"""Which source files a step depends on: the transitive imports of its module, read from the syntax tree.

A step's recipe holds the digest of these files, so an edit of the code reruns exactly the steps that use it, and the
ledger lists the same files as dependencies.
"""

import ast
import hashlib
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
DATA_SUFFIXES = (".yaml", ".j2", ".css", ".js")


@cache
def source_files(module: str) -> tuple[Path, ...]:
    """Return the package's files that a module imports, directly or not, and itself, sorted.

    Package data of an imported module (reference values, templates: files of the same stem) counts too.
    The front door ``mpipipe/__init__.py`` does not: steps never use it.

    Parameters
    ----------
    module : str
        Dotted name, such as ``mpipipe.cli.jobs.simulate``.
    """
    seen: set[Path] = set()
    queue = [_file_of(module)]
    while queue:
        file = queue.pop()
        if file is None or file in seen or file == PACKAGE / "__init__.py":
            continue
        seen.add(file)
        queue.extend(_imported(file))
    data = {path for file in seen for path in _package_data(file)}
    return tuple(sorted(seen | data))


def _package_data(file: Path) -> list[Path]:
    """Return the data of a module: same stem, beside it or in ``templates``."""
    folders = (file.parent, file.parent / "templates")
    found = (path for folder in folders for path in folder.glob(f"{file.stem}.*"))
    return [path for path in found if path.suffix in DATA_SUFFIXES]


@cache
def code_digest(module: str) -> str:
    """Return the first 16 hexadecimal digits of the SHA-256 over a module's source files."""
    total = hashlib.sha256()
    for file in source_files(module):
        total.update(file.relative_to(PACKAGE).as_posix().encode() + b"\0" + _content(file))
    return total.hexdigest()[:16]


@cache
def _content(file: Path) -> bytes:
    return hashlib.sha256(file.read_bytes().replace(b"\r\n", b"\n")).digest()


@cache
def _imported(file: Path) -> tuple[Path | None, ...]:
    found: list[Path | None] = []
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            if name.split(".")[0] == PACKAGE.name:
                found.extend(_with_packages(name))
    return tuple(found)


def _with_packages(name: str) -> list[Path | None]:
    parts = name.split(".")
    return [_file_of(".".join(parts[:length])) for length in range(2, len(parts) + 1)]


def _file_of(module: str) -> Path | None:
    stem = PACKAGE.joinpath(*module.split(".")[1:])
    if stem.is_dir():
        return stem / "__init__.py" if (stem / "__init__.py").is_file() else None
    return stem.with_suffix(".py") if stem.with_suffix(".py").is_file() else None
