"""Training steps whose batch is divided where it does not fit into the memory of the GPU."""

import logging
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Generic, TypeVar

import torch
from lightning.pytorch import LightningModule
from lightning.pytorch.core.optimizer import LightningOptimizer
from torch import Tensor, nn
from torch.optim import Optimizer

from mpipipe.errors import InputError

LOG = logging.getLogger(__name__)
Fields = TypeVar("Fields", bound=tuple[Tensor, ...])
"""A batch: a named tuple of tensors."""


def divided(batch: Fields, parts: int) -> Iterator[tuple[float, Fields]]:
    """Yield the parts of a batch in order, each with its share of the items.

    Parameters
    ----------
    batch : named tuple of Tensor
        Fields ``(item, ...)``; those without axes belong to every item.
    parts : int
        At least 1, at most the number of items; sizes differ by one item at most.
    """
    items = max(len(field) for field in batch if field.ndim)
    cut = [field.tensor_split(parts) if field.ndim else (field,) * parts for field in batch]
    for fields in zip(*cut, strict=True):
        share = max(len(field) for field in fields if field.ndim) / items
        yield share, type(batch)(*fields)


def divided_loss(
    loss: Callable[[Fields], Tensor], batch: Fields, parts: int, parameters: Sequence[nn.Parameter]
) -> Tensor:
    """Return the loss of a batch, computed and differentiated part by part.

    Of a loss that is a mean over items, value and gradient are those of the whole batch up to rounding. The memory is
    that of one part, since each part's graph is gone before the next is built.

    Parameters
    ----------
    loss : callable
        Loss of a part, a mean over its items.
    batch : named tuple of Tensor
        Whole batch.
    parts : int
        Number of parts.
    parameters : sequence of Parameter
        What ``backward`` of the result gives gradients to.

    Returns
    -------
    () Tensor
    """
    total, gradients = torch.zeros((), device=parameters[0].device), [torch.zeros_like(p) for p in parameters]
    for share, part in divided(batch, parts):
        value = share * loss(part)
        with torch.autocast(value.device.type, enabled=False):  # it is meant for the forward pass alone
            found = torch.autograd.grad(value, parameters, allow_unused=True)
        total += value.detach()
        for gradient, one in zip(gradients, found, strict=True):
            if one is not None:
                gradient += one
    # What is added is zero, and has the gradient that was found.
    carrier = torch.stack(
        [(p * gradient).sum() for p, gradient in zip(parameters, gradients, strict=True)]
    ).sum()
    return total + (carrier - carrier.detach())


class DividedBatchModule(LightningModule, Generic[Fields]):  # type: ignore[misc]
    """A network in training that divides its batches into 2, 4, … parts once a GPU runs out of memory.

    The step in which that happens is repeated with the division, which then holds for the rest of the run. A resumed
    training starts undivided again: it may have another GPU.

    Gradients of the parts add up to that of the whole batch, up to rounding, in networks whose items do not see each
    other. Two kinds of layers deviate: batch normalisation takes its statistics from each part, and dropout draws
    other masks, from the same seed.

    Attributes
    ----------
    network : torch.nn.Module
        What is trained.
    parts : int
        Number of parts that a batch is divided into.
    """

    network: nn.Module

    def __init__(self, batch: int, clip_norm: float) -> None:
        """Begin undivided.

        Parameters
        ----------
        batch : int
            Items in a batch.
        clip_norm : float
            Largest norm of the gradient of a whole batch; 0 does not clip.
        """
        super().__init__()
        self.batch, self.clip_norm, self.parts = batch, clip_norm, 1

    def batch_loss(self, batch: Fields) -> Tensor:
        """Return the loss of a batch or of a part of one, a mean over its items."""
        raise NotImplementedError

    def training_step(self, batch: Fields, _index: int) -> Tensor:
        """Return the loss of a batch."""
        if self.parts == 1:
            return self.batch_loss(batch)
        trained = [parameter for parameter in self.network.parameters() if parameter.requires_grad]
        return divided_loss(self.batch_loss, batch, self.parts, trained)

    def optimizer_step(
        self,
        epoch: int,
        batch_idx: int,
        optimizer: Optimizer | LightningOptimizer,
        optimizer_closure: Callable[[], object] | None = None,
    ) -> None:
        """Take a step whose closure (loss, then backward) is repeated with more parts as long as it does not fit.

        Raises
        ------
        InputError
            When one item alone, or the state of the optimiser, does not fit.
        """
        assert optimizer_closure is not None
        try:
            super().optimizer_step(epoch, batch_idx, optimizer, partial(self._fitting, optimizer_closure))
        except torch.OutOfMemoryError:
            raise no_memory(self) from None

    def _fitting(self, closure: Callable[[], object]) -> object:
        before = self.parts
        while True:
            try:
                loss = closure()
            except torch.OutOfMemoryError:
                if self.parts >= self.batch:
                    raise
            else:
                break
            # Only here, behind the except clause, is what the failed attempt held free.
            torch.cuda.empty_cache()
            self.parts = min(2 * self.parts, self.batch)
        if self.parts != before:
            LOG.warning(
                "batches of %d do not fit into the memory of the GPU: divided into %d parts from step %d on",
                self.batch, self.parts, self.global_step + 1,
            )  # fmt: skip
        return loss

    def configure_gradient_clipping(self, *_: object, **__: object) -> None:
        """Clip the norm of the gradient of the whole batch here: Lightning refuses to with a fused optimiser."""
        if self.clip_norm:
            nn.utils.clip_grad_norm_(self.network.parameters(), self.clip_norm)


def no_memory(module: DividedBatchModule[Fields]) -> InputError:
    """Return the error of a training that does not fit into the memory of the GPU."""
    network = getattr(module.network, "network", module.network)
    return InputError(
        f"train: found no memory left on the GPU for {type(network).__name__} with a batch of {module.batch} "
        f"in {module.parts} part(s), expected it to fit: free the GPU, or use a larger one, a smaller network or patch, "
        "or precision bf16"
    )
