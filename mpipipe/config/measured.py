"""Measured data of a user's own."""

from typing import Self

from pydantic import Field, model_validator

from mpipipe.config.base import Section


class MeasuredMdfConfig(Section):
    """Section ``measured_mdf``: files that `mpipipe measured` restores and reconstructs; no rule of the DAG reads them."""

    system_matrix: str | None = Field(
        None, description="Path of a calibration, MDF version 2; null for none."
    )
    measurement: str | None = Field(
        None, description="Path of a phantom measured with the same scanner, MDF version 2; null for none."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.measurement is not None and self.system_matrix is None:
            raise ValueError(
                f"measurement: found {self.measurement!r} without a system_matrix, expected both files"
            )
        return self
