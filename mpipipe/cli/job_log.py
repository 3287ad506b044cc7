"""The log of a job, and the lock beside it that keeps a second process from the same job."""

import fcntl
import logging
import os
from pathlib import Path

from mpipipe.errors import InputError


def start_log(log: Path | None) -> None:
    """Send messages to standard error and to a file, whose job no other process may run until this one ends.

    Snakemake locks its working directory, but a job outlives a Snakemake that was killed, and would go on writing
    what the next run writes too.

    Parameters
    ----------
    log : Path, optional
        File of its own for each job; begun anew.

    Raises
    ------
    InputError
        When another process runs the job.
    """
    # A log on a full disk loses lines; standard error has them, and the job's result is not at stake.
    logging.raiseExceptions = False
    handlers: list[logging.Handler] = [logging.StreamHandler()]
    if log is not None:
        log.parent.mkdir(parents=True, exist_ok=True)
        _lock(log)
        handlers.append(logging.FileHandler(log, mode="w", encoding="utf-8"))
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", handlers=handlers
    )


def _lock(log: Path) -> None:
    """Hold a file beside the log locked until the process ends, however it does: Snakemake removes the log itself."""
    # The bare descriptor stays open until then, while a stream would be closed with its last reference.
    descriptor = os.open(log.with_name(f".{log.name}.lock"), os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise InputError(
            f"{log}: found another process at work on this job, expected one: wait for it, or end it"
        ) from None
    except OSError:  # a file system without locks
        pass
