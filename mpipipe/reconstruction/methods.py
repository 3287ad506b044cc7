"""The explicit registry of solvers: name, settings, function."""

from collections.abc import Callable
from dataclasses import dataclass

from pydantic import ValidationError

from mpipipe.config.admm import AdmmL1Config, AdmmL1TvConfig, AdmmTvConfig
from mpipipe.config.reconstruct import KaczmarzConfig, RowSelection
from mpipipe.errors import InputError
from mpipipe.reconstruction import admm, kaczmarz
from mpipipe.reconstruction.result import Reconstruction


@dataclass(frozen=True)
class Method:
    """A solver and its settings.

    Attributes
    ----------
    config : type
        Pydantic section of the solver; it is also a row selection.
    solve : callable
        ``solve(matrix, signal, config, *, weights=None, **extra) -> Reconstruction``.
    constrained : bool
        Whether the solver bounds the residual by the noise: it then takes ``grid`` and ``noise_norm`` as well.
    """

    config: type[RowSelection]
    solve: Callable[..., Reconstruction]
    constrained: bool = False

    def configure(self, settings: dict[str, object]) -> RowSelection:
        """Validate keyword settings; an `InputError` names the first that does not fit."""
        try:
            return self.config.model_validate(settings)
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(str(part) for part in first["loc"])
            known = ", ".join(self.config.model_fields)
            unknown = first["type"] == "extra_forbidden"
            expected = f"expected one of {known}" if unknown else f"expected: {first['msg'].lower()}"
            found = "an unknown setting" if unknown else repr(first["input"])
            raise InputError(f"{key}: found {found}, {expected}") from None


METHODS: dict[str, Method] = {
    "ART": Method(KaczmarzConfig, kaczmarz.solve),
    "ADMM_L1": Method(AdmmL1Config, admm.solve, constrained=True),
    "ADMM_TV": Method(AdmmTvConfig, admm.solve, constrained=True),
    "ADMM_L1TV": Method(AdmmL1TvConfig, admm.solve, constrained=True),
}


def find_method(name: str) -> Method:
    """Return a solver by the name it has in the reports; an unknown name is an `InputError`."""
    if name not in METHODS:
        raise InputError(f"method: found {name!r}, expected one of {', '.join(METHODS)}")
    return METHODS[name]
