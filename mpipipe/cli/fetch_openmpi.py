"""Verb ``fetch``: files of the OpenMPIData collection (Knopp et al. 2020, Data in Brief 28 104971; CC BY 4.0).

Its publisher gives no checksums. The SHA-256 of the first download is written beside the file, and every later one has to agree.
"""

import hashlib
import re
from pathlib import Path

import typer

from mpipipe.errors import InputError
from mpipipe.storage.atomic import write_text

SOURCE = "https://media.tuhh.de/ibi/openMPIData/data"
NAME = re.compile(r"(calibrations|measurements/[A-Za-z0-9]+)/[0-9]+\.mdf")


def fetch_openmpi(folder: Path, names: list[str], source: str = SOURCE) -> None:
    """Download files of the collection, such as ``calibrations/12.mdf`` or ``measurements/shapePhantom/3.mdf``.

    Raises
    ------
    InputError
        When a name is not of this form, a download fails, or its bytes are not those of the first time.
    """
    for name in names:
        if not NAME.fullmatch(name):
            raise InputError(
                f"--openmpi: found {name!r}, expected calibrations/NUMBER.mdf or measurements/PHANTOM/NUMBER.mdf"
            )
    for name in names:
        target = folder / "openmpi" / name
        recorded = target.with_name(f"{target.name}.sha256")
        known = recorded.read_text(encoding="utf-8").split()[0] if recorded.is_file() else None
        _retrieve(f"{source}/{name}", target, known)
        if known is None:
            with target.open("rb") as stream:
                write_text(recorded, f"{hashlib.file_digest(stream, 'sha256').hexdigest()}  {target.name}\n")
        typer.echo(f"{target}  OpenMPIData (CC BY 4.0)")


def _retrieve(url: str, target: Path, known: str | None) -> None:
    import pooch

    checksum = None if known is None else f"sha256:{known}"
    try:
        pooch.retrieve(url, checksum, fname=target.name, path=target.parent, progressbar=False)
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:160]
        raise InputError(f"{target}: found no way to download {url} ({reason}), expected the file") from None
