"""The whole of ``params.yaml``: sections, scales, and clear errors."""

import difflib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError

from mpipipe.config.background import BackgroundConfig
from mpipipe.config.base import Section
from mpipipe.config.baseline import BaselineConfig
from mpipipe.config.deblurring import DeblurringConfig
from mpipipe.config.evaluate import EvaluateConfig
from mpipipe.config.figures import FiguresConfig
from mpipipe.config.inversion import InversionConfig
from mpipipe.config.measured import MeasuredMdfConfig
from mpipipe.config.reconstruct import ReconstructConfig
from mpipipe.config.reconstruction import ReconstructionConfig
from mpipipe.config.restoration import RestorationConfig
from mpipipe.config.sample import SampleConfig
from mpipipe.config.scene import Scene
from mpipipe.config.signal_denoising import SignalDenoisingConfig
from mpipipe.config.simulate import SimulateConfig
from mpipipe.config.train import TrainConfig
from mpipipe.config.yaml_file import check_names, read_yaml
from mpipipe.errors import InputError

Scale = Literal["smoke", "laptop", "paper"]
SHOWN = 200
SCALES: tuple[Scale, ...] = ("smoke", "laptop", "paper")


class Params(Section):
    """Every knob of the project, one section a stage and one a study."""

    scale: Scale = Field("laptop", description="Scale in force: smoke, laptop or paper.")
    seed: int = Field(0, ge=0, description="Seed that every random draw is derived from.")
    measured_dir: str = Field(
        "data/measured", description="Folder of measured data, filled by `mpipipe fetch`."
    )
    measured_mdf: MeasuredMdfConfig = Field(default_factory=MeasuredMdfConfig)
    sample: SampleConfig = Field(default_factory=SampleConfig)
    simulate: SimulateConfig = Field(default_factory=SimulateConfig)
    background: BackgroundConfig = Field(default_factory=BackgroundConfig)
    scene: dict[str, Scene] = Field(
        default_factory=lambda: {"snake": Scene()}, description="Simulated measurements of phantoms by name."
    )
    train: dict[str, dict[str, TrainConfig]] = Field(
        default_factory=dict, description="Training of each learned method, by problem and name."
    )
    baseline: BaselineConfig = Field(default_factory=BaselineConfig)
    reconstruct: ReconstructConfig = Field(default_factory=ReconstructConfig)
    evaluate: EvaluateConfig = Field(default_factory=EvaluateConfig)
    figures: FiguresConfig = Field(default_factory=FiguresConfig)
    restoration: RestorationConfig = Field(default_factory=RestorationConfig)
    reconstruction: ReconstructionConfig = Field(default_factory=ReconstructionConfig)
    deblurring: DeblurringConfig = Field(default_factory=DeblurringConfig)
    signal_denoising: SignalDenoisingConfig = Field(default_factory=SignalDenoisingConfig)
    inversion: InversionConfig = Field(default_factory=InversionConfig)
    scales: dict[Scale, dict[str, Any]] = Field(
        default_factory=dict,
        description="What each scale changes: partial sections that are laid over the others.",
    )


def load_params(path: Path, scale: str | None = None) -> Params:
    """Read, resolve and validate a parameter file.

    Parameters
    ----------
    path : Path
        YAML file.
    scale : str, optional
        Scale in place of the file's own.

    Raises
    ------
    InputError
        When the file is missing, too large or not YAML, or a key is unknown or out of range: one line that names the key.
    """
    raw = read_yaml(path)
    if not isinstance(raw, dict):
        raise InputError(f"{path}: found {type(raw).__name__}, expected a mapping of sections")
    return resolve(raw if scale is None else {**raw, "scale": scale}, str(path))


def resolve(raw: dict[str, Any], name: str = "params.yaml") -> Params:
    """Lay the scale in force over the sections and validate; the other scales are validated too.

    Parameters
    ----------
    raw : dict
        Parsed parameter file.
    name : str
        File name for error messages.

    Raises
    ------
    InputError
        When a name could lead a path elsewhere, or a key is unknown or out of range.
    """
    check_names(raw, name)
    scale = raw.get("scale", "laptop")
    if scale not in SCALES:
        raise InputError(f"{name}: scale: found {scale!r}, expected one of {', '.join(SCALES)}")
    overrides = raw.get("scales") or {}
    if not isinstance(overrides, dict) or not all(isinstance(v, dict) for v in overrides.values()):
        raise InputError(f"{name}: scales: found no mapping of scale to sections, expected one")
    for other in SCALES:
        if other != scale:
            _validate(_merge(raw, overrides.get(other, {})), f"{name} (scale {other})")
    return _validate(_merge(raw, overrides.get(scale, {})), name)


def _merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merge(merged[key], value) if both else value
    return merged


def _validate(raw: dict[str, Any], name: str) -> Params:
    try:
        return Params.model_validate(raw)
    except ValidationError as error:
        raise InputError(f"{name}: {_first_line(error)}") from None


def _first_line(error: ValidationError) -> str:
    first, count = error.errors()[0], error.error_count()
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        line = f"{key}: found an unknown key, expected {_closest(first['loc'])}"
    elif first["type"] in ("value_error", "missing"):
        line = f"{key}: {first['msg'].removeprefix('Value error, ')}"
    else:
        line = f"{key}: found {_short(first['input'])}, expected: {first['msg'].lower()}"
    return line if count == 1 else f"{line} (and {count - 1} more)"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _closest(location: tuple[int | str, ...]) -> str:
    known = sorted(_fields_at(location[:-1]))
    near = difflib.get_close_matches(str(location[-1]), known, n=1)
    return f"{near[0]!r}?" if near else f"one of {', '.join(known)}"


def _fields_at(location: tuple[int | str, ...]) -> list[str]:
    model: Any = Params
    for part in location:
        field = model.model_fields.get(str(part)) if _is_model(model) else None
        model = field.annotation if field is not None else _value_type(model)
    return list(model.model_fields) if _is_model(model) else []


def _is_model(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _value_type(kind: object) -> object:
    arguments = getattr(kind, "__args__", ())
    return arguments[-1] if arguments else None
