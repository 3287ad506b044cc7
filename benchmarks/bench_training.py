"""Steps of the trainings against the same steps on batches that lie in memory.

Each network takes the steps of a real training: Lightning's loop, loss, gradients, clipping, Adam, averages. Its batches are
drawn as in a training, the restoration study's from Zarr, with noise, cuts and phases drawn anew. The floor is the same steps
on the same batches, kept in memory: what is above it is the data path (rounds of both follow each other). A batch is drawn by
one thread before each step, so with all cores on the step its time counts in full; small networks show it. Beside it stands
the same ratio on one thread, as the laptop run trains, a network on each core. (Drawn on a thread beside the steps, as it is
where these run on a GPU, it slows them by a third to two thirds on two cores.)

Most of the data path is Zarr's reading of a chunk: a millisecond in the plane, of which a seventh is decompression and the
rest the calls around it, and in space mostly decompression. The degradation copies each component once, into its patch, and
cuts windows by a compiled loop: 40 % less time than with gathered grids, sliced windows and a second copy for the clean
image. Drawn between steps a batch takes up to twice as long as alone, with other data in the caches. Tried and left: threads
that wait without spinning (no change), chunks read at the same time (a third off each, but only in the event loop that Zarr
keeps to itself), and an allocator that keeps its memory (steps 12 % shorter to 3 % longer).

A row also has the same steps in the other precision, and compiled where the package offers that and a compiler is there. The
perceptrons are trained without Lightning; their floor is the step on one batch, without shuffling, gathering and validation,
and what is done once a training is left out.

The share of the matrix rate is the floating-point operations of loss and gradients over the step's time and over the rate of a
large matrix product in the same precision, measured in the same run. The error is that of a loss in the precision of the
training against float32, relative, as it is and compiled; of the perceptrons that of the gradients against automatic
differentiation.
"""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.pytorch.callbacks import Callback
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.accuracy import bounded
from benchmarks.perceptron_rows import TARGET, perceptron_rows
from benchmarks.report import show
from benchmarks.row import Row
from benchmarks.timing import best
from benchmarks.training_cases import Case, cases
from mpipipe.config.params import Params, load_params
from mpipipe.config.train import TrainConfig
from mpipipe.training.ahead import Ahead
from mpipipe.training.fit import fit

TITLE = "Training"
PARAMS = Path(__file__).parents[1] / "params.yaml"
LOSS_BOUND = {"32": 1e-4, "bf16": 3e-2}
"""Of the loss of one batch with the first weights; bfloat16 has 8 significant bits."""
OTHER = {"32": "bf16", "bf16": "32"}
NAMES = {"32": "float32", "bf16": "bfloat16"}
COMPILED = {
    "cpu": ("denoising_2d: DnCNN",),
    "gpu": ("denoising_2d: DnCNN", "denoising_2d: RDN", "denoising_2d: SwinIR"),
}
"""What is compiled too; each takes up to a minute."""


def rows(quick: bool) -> Iterator[Row]:
    """Yield the laptop's networks on the CPU."""
    params = load_params(PARAMS, "smoke" if quick else "laptop")
    yield from trainings(params, "cpu", 1 if quick else 2, few=quick)
    yield from perceptron_rows(params, quick)


def gpu_rows(quick: bool) -> Iterator[Row]:
    """Yield the published networks on a GPU."""
    yield from trainings(
        load_params(PARAMS, "smoke" if quick else "paper"), "gpu", 1 if quick else 5, few=quick
    )


def trainings(params: Params, accelerator: str, rounds: int, *, few: bool) -> Iterator[Row]:
    """Yield a row for each network, or for the first one alone."""
    size = 256 if few else 8192 if accelerator == "gpu" else 2048
    rate = {precision: matrix_rate(precision, accelerator, size) for precision in NAMES}
    with tempfile.TemporaryDirectory() as folder:
        for case in islice(cases(params, Path(folder)), 1 if few else None):
            yield training_row(case, accelerator, rounds, rate, compiled=not few)


def training_row(case: Case, accelerator: str, rounds: int, rate: dict[str, float], *, compiled: bool) -> Row:
    """Return the row of one network."""
    precision, batch = case.config.precision, case.config.batch
    real, memory, kept = fed(case, accelerator, rounds)
    other = OTHER[precision]
    others = {f"in {NAMES[other]}": replayed(case, kept, accelerator, rounds, precision=other)}
    more = {"items/s": f"{batch / real:.0f}"}
    if accelerator == "cpu" and isinstance(case.config, TrainConfig):
        with one_thread():
            alone, alone_memory, _ = fed(case, accelerator, rounds)
        more["over memory, one thread"] = f"{alone / alone_memory:.2f}"
    if compiled and can_compile(case, accelerator):
        others["compiled"] = replayed(case, kept, accelerator, rounds, compile=True)
        error = loss_error(case, kept[0], accelerator, compile=True)
        more["error, compiled"] = bounded(error, LOSS_BOUND[precision])
    share = operations(case, kept[0], accelerator) / memory / rate[precision]
    return Row(
        subject=f"{case.name}, batch {batch}, {NAMES[precision]}",
        seconds=real,
        floor="batches in memory",
        floor_seconds=memory,
        target=TARGET,
        others=others,
        error=bounded(loss_error(case, kept[0], accelerator), LOSS_BOUND[precision]),
        bound_by=bound(real, memory, share),
        more=more | {"share of the matrix rate": f"{share:.0%}"},
    )


# -------------------------------------------------------------------------------------------------- steps


class Stream:
    """Batches in order, each drawn when it is asked for; of known length, so that Lightning asks for none in advance."""

    def __init__(self, draws: Sequence[Callable[[], Any]]) -> None:
        self._draws = draws

    def __len__(self) -> int:
        return len(self._draws)

    def __iter__(self) -> Iterator[Any]:
        return (draw() for draw in self._draws)


class StepEnds(Callback):
    """Times at which steps ended, once the device was done."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def on_train_batch_end(self, *_: object) -> None:
        """Take the time."""
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        self.times.append(time.perf_counter())


def fed(case: Case, accelerator: str, rounds: int) -> tuple[float, float, list[Any]]:
    """Return the time of a step on drawn batches and on the same in memory, s, and these batches."""
    kept: dict[int, Any] = {}

    def draw(batches: Any, step: int) -> Any:
        kept[step] = batches.batch(step)
        return kept[step]

    memory: list[Callable[[], Any]] = [partial(kept.__getitem__, step) for step in range(case.steps)]
    blocks: list[list[Callable[[], Any]]] = []
    for _ in range(1 + rounds):  # the first one warms up
        batches = case.batches()
        blocks += [[partial(draw, batches, step) for step in range(case.steps)], memory]
    # Rounds of both follow each other, but on a GPU: batches are drawn ahead there, which would mix them.
    runs = [blocks[::2], blocks[1::2]] if accelerator == "gpu" else [blocks]
    times = [
        step_times(case, list(chain(*run)), accelerator).reshape(-1, case.steps).sum(axis=1) for run in runs
    ]
    real, floor_times = (times[0], times[1]) if accelerator == "gpu" else (times[0][::2], times[0][1::2])
    ours, floor = (float(found[1:].min()) / case.steps for found in (real, floor_times))
    return ours, floor, [kept[step] for step in range(case.steps)]


@contextmanager
def one_thread() -> Iterator[None]:
    """Take the steps as the laptop run does, which trains as many networks at a time as there are cores."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def replayed(case: Case, kept: Sequence[Any], accelerator: str, rounds: int, **changes: object) -> float:
    """Return the time of a step on batches in memory with a changed configuration, s."""
    draws = [partial(kept.__getitem__, step) for _ in range(1 + rounds) for step in range(len(kept))]
    times = step_times(case, draws, accelerator, **changes).reshape(1 + rounds, len(kept)).sum(axis=1)
    return float(times[1:].min()) / len(kept)


def step_times(
    case: Case, draws: Sequence[Callable[[], Any]], accelerator: str, **changes: object
) -> np.ndarray:
    """Return the time of each step with the wait for its batch, s."""
    config = case.config.model_copy(update={"steps": len(draws), **changes})
    ends = StepEnds()
    started = time.perf_counter()
    fit(
        case.module(config), Ahead(Stream(draws)), config, [*case.averages(), ends],
        checkpoint_dir=None, newest=None, accelerator=accelerator, progress=False,
    )  # fmt: skip
    return np.diff([started, *ends.times])


def can_compile(case: Case, accelerator: str) -> bool:
    """Return whether a network is to be compiled; a line says where no compiler is there."""
    if case.name not in COMPILED[accelerator]:
        return False
    if shutil.which("g++") is None and shutil.which("clang++") is None:
        print(f"{case.name}: no C++ compiler was found; compiled steps are left out", flush=True)
        return False
    return True


def bound(real: float, memory: float, share: float) -> str:
    """Return what bounds a step, from its time, its time in memory, and the share of the matrix rate in that."""
    step = "arithmetic of the step" if share > 0.3 else "memory and calls of the step"
    if real > 2 * memory:
        return "data path"
    return f"{step}, data path" if real > TARGET * memory else step


# -------------------------------------------------------------------------------------------------- rates and errors


def matrix_rate(precision: str, accelerator: str, size: int) -> float:
    """Return the floating-point operations a second of a large matrix product."""
    device = "cuda" if accelerator == "gpu" else "cpu"
    kind = torch.bfloat16 if precision == "bf16" else torch.float32
    matrix = torch.ones((size, size), dtype=kind, device=device)

    def product() -> None:
        matrix @ matrix
        if accelerator == "gpu":
            torch.cuda.synchronize()

    return 2 * size**3 / best(product, repeats=3)[0]


def operations(case: Case, batch: Any, accelerator: str) -> int:
    """Return the floating-point operations of matrix products and convolutions in a step."""
    module, own = on_device(case, batch, accelerator)
    with FlopCounterMode(display=False) as counter:
        module.batch_loss(own).backward()
    return counter.get_total_flops()


def loss_error(case: Case, batch: Any, accelerator: str, **changes: object) -> float:
    """Return the relative error of a batch's loss, with a changed configuration, in the training's precision.

    The reference is the plain network in float32.
    """
    module, own = on_device(case, batch, accelerator)
    other, _ = on_device(case, batch, accelerator, **changes)
    with torch.no_grad():
        reference = module.batch_loss(own)
        with torch.autocast(module.device.type, torch.bfloat16, enabled=case.config.precision == "bf16"):
            found = other.batch_loss(own)
    return float((found - reference).abs() / reference.abs())


def on_device(case: Case, batch: Any, accelerator: str, **changes: object) -> tuple[Any, Any]:
    """Return a new module, of the same weights each time, and a batch where the training runs."""
    device = "cuda" if accelerator == "gpu" else "cpu"
    config = case.config.model_copy(update=changes)
    return case.module(config).to(device), type(batch)(*(tensor.to(device) for tensor in batch))


if __name__ == "__main__":
    show(TITLE, rows(quick=False))
