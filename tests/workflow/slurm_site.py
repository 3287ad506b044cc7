"""A Slurm of one node on loopback for the tests: munged, slurmctld and slurmd, installed by apt where they are missing."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

CONFIGURATION = Path("/etc/slurm")  # the one place where every Slurm program looks without being told
OURS = "# Written by the tests of mpipipe; they remove it."
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scontrol", "scancel")
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random")  # stand for the GPUs that Slurm hands out
MUNGE_KEY_BYTES = 128

# More processors and memory than the machine has (`config_overrides`): what is tested are requests, and not their limits.
SLURM = """\
{ours}
ClusterName=loopback
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerParameters=sched_min_interval=100000,batch_sched_delay=0
GresTypes=gpu
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=5
MinJobAge=3600
NodeName={host} NodeAddr=127.0.0.1 CPUs={processors} RealMemory={memory_mb} Gres=gpu:{gpus} State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


class NoSlurmError(Exception):
    """Slurm cannot run here; the message says why."""


@dataclass(frozen=True)
class Site:
    """A running Slurm, and what it knows of its jobs."""

    folder: Path
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def jobs(self) -> dict[str, dict[str, str]]:
        """Return the records of all jobs by number, finished ones too: the fields of `scontrol show job`."""
        text = _answer("scontrol", "--oneliner", "--details", "show", "job")
        records = [
            dict(word.split("=", 1) for word in line.split() if "=" in word) for line in text.splitlines()
        ]
        return {record["JobId"]: record for record in records if "JobId" in record}

    def of_rule(self, rule: str) -> list[dict[str, str]]:
        """Return the records of a rule's jobs in the order of submission; the executor names the rule in the comment."""
        jobs = self.jobs()
        return [
            jobs[number]
            for number in sorted(jobs, key=int)
            if jobs[number]["Comment"].startswith(f"rule_{rule}")
        ]


@contextmanager
def slurm_site(processors: int = 8, memory_mb: int = 64000) -> Iterator[Site]:
    """Install, configure and start Slurm; stop it and remove the configuration at the end.

    Raises
    ------
    NoSlurmError
        When the tests are not run by root, apt has no Slurm, or the machine has a Slurm of its own.
    """
    _require_programs()
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))
    site = Site(folder)
    try:
        _configure(folder, processors, memory_mb)
        _start(site)
        yield site
    finally:
        _stop(site)
        for name in ("slurm.conf", "gres.conf"):
            (CONFIGURATION / name).unlink(missing_ok=True)
        shutil.rmtree(folder)


def _require_programs() -> None:
    if os.geteuid() != 0:
        raise NoSlurmError("Slurm is installed and started by root, and this is another user")
    with suppress(FileNotFoundError):
        if OURS not in (CONFIGURATION / "slurm.conf").read_text():
            raise NoSlurmError(f"{CONFIGURATION}/slurm.conf: this machine has a Slurm of its own")
    if all(shutil.which(name) for name in PROGRAMS):
        return
    if not shutil.which("apt-get"):
        raise NoSlurmError("Slurm is installed by apt-get, and there is none")
    install = ("apt-get", "install", "--yes", "--no-install-recommends", "slurm-wlm", "munge")
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (install, ("apt-get", "update"), install):
        done = subprocess.run(command, env=quiet, capture_output=True, text=True, check=False)
        if done.returncode == 0 and command is install:
            return
    raise NoSlurmError(f"apt-get cannot install slurm-wlm: {done.stderr.strip()[-200:]}")


def _configure(folder: Path, processors: int, memory_mb: int) -> None:
    controller_port, node_port = _free_ports(2)
    for name in ("state", "spool"):
        (folder / name).mkdir()
    key = folder / "munge.key"
    key.touch(mode=0o600)
    key.write_bytes(os.urandom(MUNGE_KEY_BYTES))
    CONFIGURATION.mkdir(exist_ok=True)
    (CONFIGURATION / "slurm.conf").write_text(
        SLURM.format(
            ours=OURS, host=_host(), folder=folder, controller_port=controller_port, node_port=node_port,
            processors=processors, memory_mb=memory_mb, gpus=len(DEVICES),
        )
    )  # fmt: skip
    devices = "".join(f"Name=gpu File={device}\n" for device in DEVICES)
    (CONFIGURATION / "gres.conf").write_text(f"{OURS}\n{devices}")


def _start(site: Site) -> None:
    folder = site.folder
    socket_path = folder / "munge.socket"
    _spawn(
        site, "munged", "--foreground", "--force", f"--key-file={folder}/munge.key", f"--socket={socket_path}",
        f"--pid-file={folder}/munged.pid", f"--seed-file={folder}/munged.seed",
    )  # fmt: skip
    _wait("munged", socket_path.exists)
    _spawn(site, "slurmctld", "-D", "-i")
    _spawn(site, "slurmd", "-D", "-N", _host())
    _wait(f"slurmd (logs in {folder})", lambda: "idle" in _answer("sinfo", "--noheader", "--format=%T"))


def _spawn(site: Site, *command: str) -> None:
    with (site.folder / f"{command[0]}.out").open("wb") as log:
        site.processes.append(subprocess.Popen(command, stdout=log, stderr=log))


def _stop(site: Site) -> None:
    """End what still runs, the jobs first, then the programs in the reverse order of their start."""
    if len(site.processes) > 1:
        _answer("scancel", "--user", "root")
        with suppress(TimeoutError):
            _wait("end of the jobs", lambda: not _answer("squeue", "--noheader"), seconds=60)
    for process in reversed(site.processes):
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(what: str, ready: Callable[[], bool], seconds: float = 30) -> None:
    limit = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > limit:
            raise TimeoutError(f"no {what} after {seconds} s")
        time.sleep(0.1)


def _answer(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def _host() -> str:
    return socket.gethostname().split(".")[0]


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
