"""How the networks of the reconstruction study are trained (Peng 2024, sections 2.3, 3.1 and 3.2)."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from mpipipe.config.interval import Interval
from mpipipe.config.optimisation import Optimisation
from mpipipe.config.reconstructors import (
    ADMMNetConfig,
    DERnetConfig,
    ImageDenoiserConfig,
)

TrainedConfig = Annotated[
    DERnetConfig | ADMMNetConfig | ImageDenoiserConfig,
    Field(discriminator="name", description="Network and its size."),
]


class ReconstructorTraining(Optimisation):
    """Training of a network from signal to image, or of the denoiser of PP-MPI."""

    network: TrainedConfig = Field(default_factory=DERnetConfig)
    snr_range_db: Interval = Field(
        (20.0, 40.0),
        description="SNR of the signals that a reconstructor is trained on, uniform in dB; not used by a denoiser.",
    )
    noise_std: float = Field(
        0.1,
        gt=0,
        le=1,
        description="Standard deviation of the noise that a denoiser is trained on, over the image's maximum: PP-MPI's; "
        "Peng 2024 has 0.001. Not used by a reconstructor.",
    )
    loss: Literal["mse", "psnr"] = Field(
        "mse",
        description="Loss of a reconstructor: the mean square error as published, or [assumption] its logarithm image by "
        "image, minus the mean PSNR up to a factor. Not used by a denoiser, which has the mean absolute error.",
    )
    equalise: bool = Field(
        False,
        description="[assumption] Divide each component by its root mean square over training signals, after the division "
        "by the largest modulus: not published, but DERnet learns several times faster. Not for ADMM-Net, which holds the "
        "matrix.",
    )
    start_regularizations: tuple[float, ...] | None = Field(
        None,
        description="Start DERnet's domain transformation from Tikhonov solutions with these λ, over ‖A‖_F²/N, one an "
        "image of it (C2); null starts from random weights as published.",
    )
    hold_start: bool = Field(
        False,
        description="[assumption] Train what follows only: DERnet's linear part stays what it starts from. Without dropout.",
    )

    @model_validator(mode="after")
    def _for_dernet_only(self) -> Self:
        if isinstance(self.network, DERnetConfig):
            return self
        for key, value in (
            ("equalise", self.equalise),
            ("start_regularizations", self.start_regularizations),
        ):
            if value:
                raise ValueError(f"found {key} for {self.network.name}, expected it for DERnet only")
        return self

    @model_validator(mode="after")
    def _start(self) -> Self:
        values, network = self.start_regularizations, self.network
        if values is not None and isinstance(network, DERnetConfig):
            if len(values) != network.image_width or min(values) <= 0:
                raise ValueError(
                    f"found start_regularizations {list(values)}, expected {network.image_width} positive values (C2)"
                )
            if self.hold_start and network.dropout_signal + network.dropout_features > 0:
                raise ValueError(
                    "found hold_start with dropout, expected dropout_signal and dropout_features 0"
                )
        elif self.hold_start:
            raise ValueError("found hold_start without start_regularizations, expected both")
        return self
