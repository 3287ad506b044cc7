"""The header of simulated data: names, times and identifiers that follow from what was simulated."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

import numpy as np

from mpipipe.errors import InputError
from mpipipe.physics.grid import Grid
from mpipipe.physics.particle import Particle
from mpipipe.physics.scanner import Scanner
from mpipipe.storage.mdf_header import FLAGS, MdfHeader, Value
from mpipipe.storage.mdf_scanner import field_values

NAMESPACE = UUID("6f0ab16e-3a4f-5a0e-9a3e-0d5b4b2b6a51")
PARTICLE = "/tracer/_particle"
SCANNER_NAME = "simulated"


def simulated_values(
    scanner: Scanner,
    particle: Particle | None,
    grid: Grid | None,
    *,
    unit: str,
    name: str,
    time: str | None,
    samples: int | None,
    channels: int,
) -> dict[str, Value]:
    """Return the header's values by HDF5 path.

    Parameters
    ----------
    scanner : Scanner
        Fields; written as three drive-field channels.
    particle : Particle, optional
        Tracer; kept whole in the user-defined ``/tracer/_particle``. Without one there is no tracer group.
    grid : Grid, optional
        Given for a system matrix, which has a calibration group.
    unit : str
        Of the signal.
    name : str
        Of the study and the experiment.
    time : str, optional
        Creation time, ``yyyy-mm-ddThh:mm:ss.ms``; by default now.
    samples : int, optional
        Samples of a period; by default those at the base frequency.
    channels : int
        Receive channels.

    Returns
    -------
    dict
        Values. The same input gives the same values, but for the default time.
    """
    stamp = utc_stamp() if time is None else checked_time(time)
    content = [one.model_dump(mode="json") if one else None for one in (scanner, particle, grid)]
    what = "system matrix" if grid else "measurement"
    values: dict[str, Value] = {
        "/time": stamp,
        "/study/name": name,
        "/study/number": 1,
        "/study/description": "simulated with mpipipe",
        "/study/uuid": identifier("study", name),
        "/experiment/name": name,
        "/experiment/number": 1,
        "/experiment/description": f"simulated {what}",
        "/experiment/isSimulation": True,
        "/experiment/subject": "delta sample" if grid else "phantom",
        "/experiment/uuid": identifier("experiment", name, content),
        "/scanner/name": SCANNER_NAME,
        "/scanner/facility": "n.a.",
        "/scanner/manufacturer": "mpipipe",
        "/scanner/operator": "mpipipe",
        "/scanner/topology": "FFP",
        "/acquisition/numAverages": 1,
        "/acquisition/numPeriodsPerFrame": 1,
        "/acquisition/offsetField": np.zeros((1, 1, 3)),
        "/acquisition/startTime": stamp,
        "/acquisition/receiver/numChannels": channels,
        "/acquisition/receiver/unit": unit,
        **field_values(scanner, samples),
        **dict.fromkeys(FLAGS, False),
        FLAGS[0]: True,
    }
    return values | _tracer(particle) | ({"/calibration/method": "simulation"} if grid else {})


def particle_of(header: MdfHeader) -> dict[str, Any]:
    """Return the attribute ``particle`` of data that we simulated, else none."""
    try:
        particle = Particle.model_validate_json(header.text(PARTICLE, ""))
    except ValueError:
        return {}
    return {"particle": particle.model_dump(mode="json")}


def identifier(*content: object) -> str:
    """Return the UUID, of version 5, that belongs to some content."""
    return str(uuid5(NAMESPACE, json.dumps(content, sort_keys=True)))


def utc_stamp() -> str:
    """Return the present time in UTC, to the millisecond, as MDF writes it."""
    return datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")


def checked_time(time: str) -> str:
    """Return a time as MDF writes it; refuse text that is none, or that names a zone."""
    try:
        read = datetime.fromisoformat(time)
    except ValueError:
        read = None
    if read is None or read.tzinfo is not None:
        raise InputError(f"time: found {time!r}, expected UTC as yyyy-mm-ddThh:mm:ss.ms")
    return read.isoformat(timespec="milliseconds")


def _tracer(particle: Particle | None) -> dict[str, Value]:
    if particle is None:
        return {}
    content = particle.model_dump(mode="json")
    name = f"{particle.kind} particles, {particle.core_diameter_nm:g} nm core"
    return {
        "/tracer/name": np.array([name], object),
        "/tracer/batch": np.array([identifier("particle", content)[:8]], object),
        "/tracer/vendor": np.array(["simulated"], object),
        "/tracer/solute": np.array(["Fe"], object),
        "/tracer/concentration": np.ones(1),
        "/tracer/volume": np.zeros(1),
        PARTICLE: json.dumps(content, sort_keys=True),
    }
