"""The machine that the figures were taken on."""

import platform
from importlib.metadata import version
from pathlib import Path

import numpy as np
import psutil

from mpipipe.compiled.threads import processors

LIBRARIES = ("numpy", "scipy", "numba", "torch")


def describe() -> dict[str, str]:
    """Return processor, cores, memory, system, libraries and GPU; nothing that names a person or a host."""
    about = {
        "processor": processor(),
        "cores": str(cores()),
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "GPU": gpu(),
        "system": f"{platform.system()} {platform.release().split('-')[0]}, {platform.machine()}",
        "Python": platform.python_version(),
    }
    about |= {name: version(name) for name in LIBRARIES}
    return about | {"BLAS of NumPy": blas(), "FFT": transforms()}


def headline(about: dict[str, str]) -> str:
    """Return the machine in a few words."""
    gpu_name = f", {about['GPU']}" if about["GPU"] != "none" else ""
    return f"{about['processor']}, {about['cores']} cores, {about['memory']}{gpu_name}"


def cores() -> int:
    """Return the number of cores that this process may use."""
    return processors()


def processor() -> str:
    """Return the processor's model name."""
    table = Path("/proc/cpuinfo")
    lines = table.read_text(encoding="utf-8").splitlines() if table.is_file() else []
    names = [text.split(":", 1)[1].strip() for text in lines if text.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def gpu() -> str:
    """Return the name of the GPU that PyTorch sees, or ``none``."""
    import torch  # slow to import

    return torch.cuda.get_device_name() if torch.cuda.is_available() else "none"


def blas() -> str:
    """Return NumPy's library for matrix products and its version."""
    used = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return f"{used['name']} {used['version']}"


def transforms() -> str:
    """Return the Fourier transforms that were there to choose from."""
    import torch

    torch_fft = "MKL" if torch.backends.mkl.is_available() else "pocketfft"
    return f"pocketfft of NumPy and SciPy, {torch_fft} of PyTorch"
