"""Architectures: one section a network, told apart by its name; the defaults are the published sizes."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from mpipipe.config.base import Section

BORDER = "Features beyond the grid: free within the zero-padded patch, or set to zero after each layer."


def _odd(side: int) -> int:
    if side % 2 == 0:
        raise ValueError(f"found {side}, expected an odd number of voxels")
    return side


CARRIED = 4
"""Features that carry real and imaginary part of the input, positive and negative."""

Count = Annotated[int, Field(ge=1, le=1024)]
Kernel = Annotated[int, Field(ge=1, le=15), AfterValidator(_odd)]


class DnCNNConfig(Section):
    """Architecture of a DnCNN; published are depth 17, width 64, batch normalisation and zero borders."""

    name: Literal["DnCNN"] = Field("DnCNN", description="Architecture.")
    depth: int = Field(17, ge=2, le=64, description="Number of convolutions.")
    width: int = Field(64, ge=1, le=1024, description="Number of features.")
    normalisation: Literal["batch", "none"] = Field(
        "batch",
        description="Batch normalisation as published, or none; statistics are taken over valid voxels.",
    )
    border: Literal["zeros", "masked"] = Field("zeros", description=BORDER)
    start: Literal["he", "identity"] = Field(
        "he",
        description="[assumption] Initial weights: random by He's rule, or such that features carry the input through all "
        "layers, which plain stacks in 3-D learn from several times sooner.",
    )

    @model_validator(mode="after")
    def _carries(self) -> Self:
        if self.start == "identity" and (self.width < CARRIED or self.depth < 3):
            raise ValueError(
                f"found width {self.width} and depth {self.depth}, expected at least {CARRIED} and 3 for start: identity"
            )
        return self


class RDNConfig(Section):
    """Architecture of a residual dense network; published are 16 blocks of 8 layers, width and growth 64."""

    name: Literal["RDN"] = Field("RDN", description="Architecture.")
    blocks: int = Field(16, ge=1, le=64, description="Number of residual dense blocks.")
    layers: int = Field(8, ge=1, le=32, description="Densely connected convolutions in a block.")
    width: int = Field(64, ge=1, le=1024, description="Number of features between blocks.")
    growth: int = Field(64, ge=1, le=1024, description="Number of features that a dense convolution adds.")
    border: Literal["zeros", "masked"] = Field("zeros", description=BORDER)


class SwinIRConfig(Section):
    """Architecture of a SwinIR denoiser for 2-D grids; published are the defaults.

    The published light size has embedding 60 and depths (6, 6, 6, 6).
    """

    name: Literal["SwinIR"] = Field("SwinIR", description="Architecture.")
    embedding: int = Field(180, ge=1, le=1024, description="Number of features; a multiple of the heads.")
    depths: tuple[Count, ...] = Field(
        (6, 6, 6, 6, 6, 6),
        min_length=1,
        max_length=32,
        description="Attention layers in each residual group; every second one shifts its windows.",
    )
    heads: int = Field(6, ge=1, le=64, description="Attention heads.")
    window: int = Field(8, ge=2, le=64, description="Side of an attention window in voxels.")
    mlp_ratio: float = Field(
        2.0, gt=0, le=16, description="Hidden features of the perceptron over its input."
    )

    @model_validator(mode="after")
    def _heads_share_the_embedding(self) -> Self:
        if self.embedding % self.heads:
            raise ValueError(f"found embedding {self.embedding}, expected a multiple of {self.heads} heads")
        return self


class SMRnetConfig(Section):
    """Architecture of a 3d-SMRnet, also in 2-D; published are factor 4, 9 blocks, width 64 and growth 32."""

    name: Literal["SMRnet"] = Field("SMRnet", description="Architecture.")
    factor: Literal[2, 4] = Field(4, description="Voxels of the output over those of the input, per axis.")
    width: int = Field(64, ge=1, le=1024, description="Number of features between blocks.")
    blocks: int = Field(9, ge=1, le=64, description="Residual-in-residual blocks of three dense blocks each.")
    growth: int = Field(32, ge=1, le=1024, description="Number of features that a dense convolution adds.")
    border: Literal["zeros", "masked"] = Field("zeros", description=BORDER)


class PConvUNetConfig(Section):
    """Architecture of a U-Net of partial convolutions.

    The published network has eight levels for images of 512 pixels; four suffice for grids up to 32 voxels.
    """

    name: Literal["PConvUNet"] = Field("PConvUNet", description="Architecture.")
    widths: tuple[Count, ...] = Field(
        (64, 128, 256, 512),
        min_length=1,
        max_length=10,
        description="Features of each level of the encoder; every level halves the grid.",
    )
    kernels: tuple[Kernel, ...] = Field(
        (7, 5, 5, 3),
        min_length=1,
        max_length=10,
        description="Side of the kernel of each level of the encoder in voxels, odd; the decoder has 3.",
    )
    normalisation: Literal["batch", "none"] = Field(
        "batch", description="Batch normalisation as published, over measured voxels only; or none."
    )

    @model_validator(mode="after")
    def _a_kernel_a_level(self) -> Self:
        if len(self.kernels) != len(self.widths):
            raise ValueError(f"found {len(self.kernels)} kernels, expected {len(self.widths)}, one a level")
        return self


NetworkConfig = Annotated[
    DnCNNConfig | RDNConfig | SwinIRConfig | SMRnetConfig | PConvUNetConfig,
    Field(discriminator="name", description="Architecture and its size."),
]
