"""Verb ``fetch``: public measured data at named commits, checked against their SHA-256."""

from pathlib import Path
from urllib.parse import quote

import typer

from mpipipe.errors import InputError

SOURCE = "https://raw.githubusercontent.com"
# file → repository, commit, path in the repository, SHA-256. All are under the MIT licence.
MEASURED_FILES = {
    "encoding_array/S.mat": (
        "BUAALGH/ISBI-2026-MPI-Encoding-Array", "ae72e8c", "system_matrix and codes/S.mat",
        "b258d350d0e59ad3fed8132c9f39e4c7f132ddf2474b0af14f7882881c3c9278",
    ),
    "encoding_array/b1.mat": (
        "BUAALGH/ISBI-2026-MPI-Encoding-Array", "ae72e8c", "system_matrix and codes/b1.mat",
        "98c77e5da6adfa1d9f3eae3a772811dfcd1cbb2d3e3e94e9ab4aa11f1cd3f068",
    ),
    "encoding_array/b2.mat": (
        "BUAALGH/ISBI-2026-MPI-Encoding-Array", "ae72e8c", "system_matrix and codes/b2.mat",
        "de74f2f4c47978864c9dfdc3971048a101ff98ab5fd852b3dc6f94935f6fbe93",
    ),
    "head_scanner_1d/session1_system_matrix.h5": (
        "MagneticParticleImaging/MPIMeasurements.jl", "9e06834f", "example/DAQ/systemMatrixNew.h5",
        "45b5f9af5df993a315fd2d40fd815b3ba8e9152b651db678c414f851fbdfee42",
    ),
    "head_scanner_1d/session2_system_matrix.h5": (
        "MagneticParticleImaging/MPIMeasurements.jl", "9e06834f", "example/DAQ/test/systemMatrixNew.h5",
        "5f8515de4b8215654cee32ad75b28fd2fa1e2ec9e5e527ab5cfd0665dfc24b6f",
    ),
    "receive_chain/preclinical_transfer_function.h5": (
        "MagneticParticleImaging/MPIMeasurements.jl", "1095b605", "src/TransferFunction/tfdata/PreinstalledUH.h5",
        "ce8e7048b5c5a5f209cc53727203f90b165040ebfe6617ec7b32bd9163d106e1",
    ),
}  # fmt: skip


def fetch_measured(folder: Path) -> None:
    """Download each file that is not there yet; a file whose checksum differs is never kept.

    Raises
    ------
    InputError
        When a download fails or its checksum is not the expected one.
    """
    import pooch

    for name, (repository, commit, path, checksum) in MEASURED_FILES.items():
        target = folder / name
        url = f"{SOURCE}/{repository}/{commit}/{quote(path)}"
        try:
            pooch.retrieve(
                url, f"sha256:{checksum}", fname=target.name, path=target.parent, progressbar=False
            )
        except (OSError, ValueError) as error:
            reason = " ".join(str(error).split())[:160]
            raise InputError(
                f"{target}: found no way to download {repository}@{commit} ({reason}), expected network access"
            ) from None
        typer.echo(f"{target}  {repository}@{commit}")
