"""Steps of the trainings against the same steps on batches that lie in memory.

Each network takes the steps of a real training: Lightning's loop, loss, gradients, clipping, Adam, averages. Its batches are
drawn as in a training, the restoration study's from Zarr, with noise, cuts and phases drawn anew. The floor is the same steps
on the same batches, kept in memory: what is above it is the data path (rounds of both follow each other). Beside it stand the
same steps in the other precision, and compiled where the package offers that and a compiler is there. The perceptrons are
trained without Lightning; their floor is the step on one batch, without shuffling, gathering and validation.

The share of the matrix rate is the floating-point operations of loss and gradients over the step's time and over the rate of a
large matrix product in the same precision, measured in the same run. The error is that of a loss in the precision of the
training against float32, relative; of the perceptrons that of the gradients against automatic differentiation.
"""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.pytorch.callbacks import Callback
from torch import Tensor
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.accuracy import bounded
from benchmarks.report import show
from benchmarks.row import Row
from benchmarks.timing import best
from benchmarks.training_cases import Case, cases
from mpipipe.config.params import Params, load_params
from mpipipe.config.perceptron import PerceptronTraining
from mpipipe.networks.perceptron import Perceptron
from mpipipe.training.fit import fit
from mpipipe.training.perceptron_train import set_gradients, train_perceptron

TITLE = "Training"
PARAMS = Path(__file__).parents[1] / "params.yaml"
TARGET = 1.053
"""95 % of the images a second."""
LOSS_BOUND = {"32": 1e-4, "bf16": 3e-2}
"""Of the loss of one batch with the first weights; bfloat16 has 8 significant bits."""
OTHER = {"32": "bf16", "bf16": "32"}
NAMES = {"32": "float32", "bf16": "bfloat16"}
COMPILED = {
    "cpu": ("denoising_2d: DnCNN",),
    "gpu": ("denoising_2d: DnCNN", "denoising_2d: RDN", "denoising_2d: SwinIR"),
}
"""What is compiled too; each takes up to a minute."""
PERCEPTRONS = (("SGD", "Single-layer", 0), ("SGD", "Multi-layer", 123), ("Muon", "Multi-layer", 123))
OPTIMISERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "SGD": partial(torch.optim.SGD, fused=True),
    "Muon": partial(torch.optim.Muon, weight_decay=0.0),
}
SCENES, HARMONICS, VOXELS = 30_000, 200, 129


def rows(quick: bool) -> Iterator[Row]:
    """Yield the laptop's networks on the CPU."""
    params = load_params(PARAMS, "smoke" if quick else "laptop")
    yield from trainings(params, "cpu", 1 if quick else 2, few=quick)
    for optimiser, name, units in PERCEPTRONS[: 1 if quick else None]:
        yield perceptron_row(params, optimiser, name, units, 600 if quick else SCENES)


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
    if compiled and can_compile(case, accelerator):
        others["compiled"] = replayed(case, kept, accelerator, rounds, compile=True)
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

    draws: list[Callable[[], Any]] = []
    for _ in range(1 + rounds):  # the first one warms up
        batches = case.batches()
        draws += [partial(draw, batches, step) for step in range(case.steps)]
        draws += [partial(kept.__getitem__, step) for step in range(case.steps)]
    times = step_times(case, draws, accelerator).reshape(1 + rounds, 2, case.steps).sum(axis=2)
    real, memory = times[1:].min(axis=0) / case.steps
    return float(real), float(memory), [kept[step] for step in range(case.steps)]


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
        case.module(config), Stream(draws), config, [*case.averages(), ends],
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


def loss_error(case: Case, batch: Any, accelerator: str) -> float:
    """Return the relative error of a batch's loss in the precision of the training against float32."""
    module, own = on_device(case, batch, accelerator)
    with torch.no_grad():
        reference = module.batch_loss(own)
        with torch.autocast(module.device.type, torch.bfloat16, enabled=case.config.precision == "bf16"):
            found = module.batch_loss(own)
    return float((found - reference).abs() / reference.abs())


def on_device(case: Case, batch: Any, accelerator: str) -> tuple[Any, Any]:
    """Return a new module and a batch where the training runs."""
    device = "cuda" if accelerator == "gpu" else "cpu"
    return case.module(case.config).to(device), type(batch)(*(tensor.to(device) for tensor in batch))


# -------------------------------------------------------------------------------------------------- perceptrons


def perceptron_row(params: Params, optimiser: str, name: str, units: int, scenes: int) -> Row:
    """Return the row of a perceptron of the inversion study."""
    given = params.inversion.training[optimiser][name]
    network = given.network.model_copy(update={"hidden_units": units})
    epochs = 1 if optimiser == "SGD" else 4
    config = given.model_copy(update={"network": network, "epochs": epochs, "least_steps": 0})
    rng = np.random.default_rng(0)
    spectra = rng.standard_normal((scenes, HARMONICS))
    targets = rng.integers(2, size=(scenes, VOXELS)).astype(np.float32)
    steps = epochs * -(-scenes // config.batch)
    trained = [train_perceptron(config, spectra, targets).card["seconds"] for _ in range(2)]
    inputs, wanted = (
        torch.from_numpy(part[: config.batch].astype(np.float32)) for part in (spectra, targets)
    )
    perceptron = Perceptron(network, HARMONICS, VOXELS)
    perceptron.initialise(1.0, torch.Generator().manual_seed(0))
    error = gradient_error(perceptron, inputs, wanted, config.cost)
    take = constant_step(perceptron, config, inputs, wanted)
    floor = best(lambda: [take() for _ in range(steps)], repeats=2)[0]
    return Row(
        subject=f"inversion: {name}, {optimiser}, batch {config.batch}, float32",
        seconds=min(trained) / steps,
        floor="one batch in memory",
        floor_seconds=floor / steps,
        target=TARGET,
        error=bounded(error, 1e-5),
        bound_by="calls" if config.batch < 100 else "matrix products",
        more={"items/s": f"{config.batch * steps / min(trained):.0f}"},
    )


def constant_step(
    network: Perceptron, config: PerceptronTraining, inputs: Tensor, targets: Tensor
) -> Callable[[], None]:
    """Return a step of a perceptron on one batch."""
    optimiser = OPTIMISERS[config.optimiser](network.weights, lr=config.learning_rate)

    def take() -> None:
        set_gradients(network, inputs, targets, config.cost)
        optimiser.step()

    return take


def gradient_error(network: Perceptron, inputs: Tensor, targets: Tensor, cost: str) -> float:
    """Return the largest error of the gradients that a step sets against automatic differentiation, relative."""
    set_gradients(network, inputs, targets, cost)
    output = network(inputs)
    if cost == "squared":
        loss = (output - targets).square().sum(1).mean() / 2
    else:
        loss = functional.binary_cross_entropy(output, targets, reduction="sum") / len(inputs)
    exact = torch.autograd.grad(loss, network.weights)
    pairs = zip(network.weights, exact, strict=True)
    return max(float((weight.grad - one).abs().max() / one.abs().max()) for weight, one in pairs)


if __name__ == "__main__":
    show(TITLE, rows(quick=False))
