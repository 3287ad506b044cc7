"""Which source files a step depends on: the transitive imports of its module, read from their import statements.

A step's recipe holds the digest of these files, so an edit of the code reruns exactly the steps that use it, and the
ledger lists the same files as dependencies.
"""

import ast
import hashlib
import re
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
DATA_SUFFIXES = (".yaml", ".j2", ".css", ".js")
# Only these statements are parsed, since whole files take a second at each start; a test compares with whole trees.
IMPORT = re.compile(rf"^[ \t]*(?:from|import) {PACKAGE.name}\b[^\n(]*(?:\([^)]*\))?", re.MULTILINE)


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


@cache
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
        total.update(_name_and_content(file))
    return total.hexdigest()[:16]


@cache
def _name_and_content(file: Path) -> bytes:
    content = hashlib.sha256(file.read_bytes().replace(b"\r\n", b"\n")).digest()
    return file.relative_to(PACKAGE).as_posix().encode() + b"\0" + content


@cache
def _imported(file: Path) -> tuple[Path | None, ...]:
    statements = (match.group().strip() for match in IMPORT.finditer(file.read_text(encoding="utf-8")))
    names = (name for statement in statements for name in _names(ast.parse(statement).body[0]))
    return tuple(path for name in names for path in _with_packages(name))


def _names(statement: ast.stmt) -> list[str]:
    """Return the dotted names that an import statement may load: what follows ``import`` can be a module too."""
    if isinstance(statement, ast.ImportFrom):
        module = statement.module or ""
        return [module, *(f"{module}.{alias.name}" for alias in statement.names)]
    return [alias.name for alias in statement.names] if isinstance(statement, ast.Import) else []


def _with_packages(name: str) -> list[Path | None]:
    parts = name.split(".")
    return [_file_of(".".join(parts[:length])) for length in range(2, len(parts) + 1)]


@cache
def _file_of(module: str) -> Path | None:
    stem = PACKAGE.joinpath(*module.split(".")[1:])
    if stem.is_dir():
        return stem / "__init__.py" if (stem / "__init__.py").is_file() else None
    return stem.with_suffix(".py") if stem.with_suffix(".py").is_file() else None
