"""Networks of the reconstruction study: signal to image, and the image denoiser of PP-MPI."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from mpipipe.config.base import Section


def _odd(side: int) -> int:
    if side % 2 == 0:
        raise ValueError(f"found {side}, expected an odd number of voxels")
    return side


Width = Annotated[int, Field(ge=1, le=1024)]


class DERnetConfig(Section):
    """Architecture of DERnet (Peng et al., Phys. Med. Biol. 69, 015002, 2024, sections 2.2 and 3.3)."""

    name: Literal["DERnet"] = Field("DERnet", description="Architecture.")
    signal_width: Width = Field(8, description="Features of a frequency component, C1.")
    image_width: Width = Field(4, description="Features of a voxel after the domain transformation, C2.")
    branch_width: Width = Field(
        4,
        description="[assumption] Features of each of the convolutions of sides 1, 3 and 5; with C2 = 4 their "
        "concatenation has C3 = 16.",
    )
    feature_width: Width = Field(16, description="Features after the fusion of the branches, C3.")
    fused_width: Width = Field(8, description="Features that enter and leave the U-Net, C4.")
    unet_width: Width = Field(
        128,
        description="Features at the bottom of the U-Net, C5; [assumption] each finer level has half as many.",
    )
    unet_least_width: Width = Field(
        32, description="[assumption] Features that a finer level of the U-Net has at least."
    )
    levels: int = Field(
        4,
        ge=0,
        le=8,
        description="[assumption] Poolings of the U-Net at most; a grid that two voxels are left of after fewer, along "
        "its shorter side, has fewer: 4 on 19 × 19, and on 11 × 11 the published 3.",
    )
    reduction: int = Field(
        4,
        ge=1,
        le=64,
        description="[assumption] Features over hidden units in the channel attention.",
    )
    dropout_signal: float = Field(
        0.05, ge=0, lt=1, description="Probability that a part of the signal is dropped in training, ρ0."
    )
    dropout_features: float = Field(
        0.05, ge=0, lt=1, description="Probability that a feature of the signal is dropped in training, ρ1."
    )


class ADMMNetConfig(Section):
    """Architecture of ADMM-Net (Generic-ADMM-CSNet; Yang et al., IEEE TPAMI 42(3), 521-538, 2020)."""

    name: Literal["ADMM-Net"] = Field("ADMM-Net", description="Architecture.")
    stages: int = Field(4, ge=1, le=64, description="Unrolled iterations.")
    filters: Width = Field(128, description="Filters of the learned prior.")
    kernel: Annotated[int, AfterValidator(_odd)] = Field(
        5, ge=1, le=15, description="Side of the kernels of the learned prior in voxels, odd."
    )
    breakpoints: int = Field(
        101, ge=2, le=1001, description="Breakpoints of each piecewise linear function, equally spaced."
    )
    bound: float = Field(
        1.0, gt=0, description="[assumption] Last breakpoint, no unit; the first is its negative."
    )
    rho: float = Field(
        0.1,
        gt=0,
        description="Penalty ρ of every stage at the start, where the matrix has the largest singular value 1.",
    )
    gamma: float = Field(1.0, gt=0, le=2, description="Update rate γ of the multiplier at the start.")
    shared_weights: bool = Field(
        True, description="One learned prior for all stages, or one each; ρ and γ are learned for each stage."
    )


class ImageDenoiserConfig(Section):
    """Architecture of PP-MPI's denoiser, a small RDN (Askin et al., MLMIR 2022)."""

    name: Literal["ImageDenoiser"] = Field("ImageDenoiser", description="Architecture.")
    blocks: int = Field(4, ge=1, le=64, description="Number of residual dense blocks.")
    layers: int = Field(4, ge=1, le=32, description="Densely connected convolutions in a block.")
    width: Width = Field(12, description="Number of features between blocks.")
    growth: Width = Field(12, description="Number of features that a dense convolution adds.")


ReconstructorConfig = Annotated[
    DERnetConfig | ADMMNetConfig,
    Field(discriminator="name", description="Network from signal to image, and its size."),
]
