"""OpenMPIData from a stand-in server: fetched once, checked each time after."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from mpipipe.cli.fetch_openmpi import fetch_openmpi
from mpipipe.errors import InputError

NAME = "measurements/shapePhantom/3.mdf"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    folder = tmp_path / "served"
    (folder / NAME).parent.mkdir(parents=True)
    (folder / NAME).write_bytes(b"as published")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as served:
        thread = threading.Thread(target=served.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{served.server_port}", folder
        served.shutdown()
        thread.join()


def test_the_first_download_is_recorded_and_a_changed_file_is_refused(
    server: tuple[str, Path], tmp_path: Path
) -> None:
    source, folder = server
    fetch_openmpi(tmp_path, [NAME], source)
    target = tmp_path / "openmpi" / NAME
    assert target.read_bytes() == b"as published"
    recorded = target.with_name("3.mdf.sha256").read_text()
    target.unlink()
    fetch_openmpi(tmp_path, [NAME], source)
    target.unlink()
    (folder / NAME).write_bytes(b"something else")
    with pytest.raises(InputError, match="found no way to download"):
        fetch_openmpi(tmp_path, [NAME], source)
    assert not target.exists() and target.with_name("3.mdf.sha256").read_text() == recorded


@pytest.mark.parametrize("name", ["../secret.mdf", "calibrations/../../a.mdf", "calibrations/12.txt", "12"])
def test_a_name_that_is_none_of_the_collection_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="--openmpi: found"):
        fetch_openmpi(tmp_path, [name])
    assert list(tmp_path.iterdir()) == []


def test_a_missing_file_is_one_line(server: tuple[str, Path], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"calibrations/99\.mdf: found no way to download"):
        fetch_openmpi(tmp_path, ["calibrations/99.mdf"], server[0])
