"""The tables of the MDF v2.1.0 specification, and a check of a file against them that uses h5py alone."""

import re
from datetime import datetime
from math import lcm, prod
from uuid import UUID

import h5py
import numpy as np

TABLES = """
/time String 1 no
/uuid String 1 no
/version String 1 no
/study/description String 1 no
/study/name String 1 no
/study/number Int64 1 no
/study/time String 1 yes
/study/uuid String 1 no
/experiment/description String 1 no
/experiment/isSimulation Int8 1 no
/experiment/name String 1 no
/experiment/number Int64 1 no
/experiment/subject String 1 no
/experiment/uuid String 1 no
/tracer/batch String A no
/tracer/concentration Float64 A no
/tracer/injectionTime String A yes
/tracer/name String A no
/tracer/solute String A no
/tracer/vendor String A no
/tracer/volume Float64 A no
/scanner/boreSize Float64 1 yes
/scanner/facility String 1 no
/scanner/manufacturer String 1 no
/scanner/name String 1 no
/scanner/operator String 1 no
/scanner/topology String 1 no
/acquisition/gradient Float64 J,Y,3,3 yes
/acquisition/numAverages Int64 1 no
/acquisition/numFrames Int64 1 no
/acquisition/numPeriodsPerFrame Int64 1 no
/acquisition/offsetField Float64 J,Y,3 yes
/acquisition/startTime String 1 no
/acquisition/drivefield/baseFrequency Float64 1 no
/acquisition/drivefield/cycle Float64 1 no
/acquisition/drivefield/divider Int64 D,F no
/acquisition/drivefield/numChannels Int64 1 no
/acquisition/drivefield/phase Float64 J,D,F no
/acquisition/drivefield/strength Float64 J,D,F no
/acquisition/drivefield/waveform String D,F no
/acquisition/receiver/bandwidth Float64 1 no
/acquisition/receiver/dataConversionFactor Float64 C,2 yes
/acquisition/receiver/inductionFactor Float64 C yes
/acquisition/receiver/numChannels Int64 1 no
/acquisition/receiver/numSamplingPoints Int64 1 no
/acquisition/receiver/transferFunction Complex128 C,K yes
/acquisition/receiver/unit String 1 no
/measurement/data Number data no
/measurement/framePermutation Int64 N isFramePermutation
/measurement/frequencySelection Int64 K isFrequencySelection
/measurement/isBackgroundCorrected Int8 1 no
/measurement/isBackgroundFrame Int8 N no
/measurement/isFastFrameAxis Int8 1 no
/measurement/isFourierTransformed Int8 1 no
/measurement/isFramePermutation Int8 1 no
/measurement/isFrequencySelection Int8 1 no
/measurement/isSparsityTransformed Int8 1 no
/measurement/isSpectralLeakageCorrected Int8 1 no
/measurement/isTransferFunctionCorrected Int8 1 no
/measurement/sparsityTransformation String 1 isSparsityTransformed
/measurement/subsamplingIndices Integer J,C,K,B isSparsityTransformed
/calibration/deltaSampleSize Float64 3 yes
/calibration/fieldOfView Float64 3 yes
/calibration/fieldOfViewCenter Float64 3 yes
/calibration/method String 1 no
/calibration/offsetFields Float64 O,3 yes
/calibration/order String 1 yes
/calibration/positions Float64 O,3 yes
/calibration/size Int64 3 yes
/calibration/snr Float64 J,C,K yes
"""
ROWS = {line.split()[0]: line.split()[1:] for line in TABLES.split("\n") if line}
INTEGERS = [h5py.h5t.STD_I8LE, h5py.h5t.STD_I16LE, h5py.h5t.STD_I32LE, h5py.h5t.STD_I64LE]
FLOATS = [h5py.h5t.IEEE_F32LE, h5py.h5t.IEEE_F64LE]
TYPES = {
    "Int8": INTEGERS[:1],
    "Int64": INTEGERS[3:],
    "Float64": FLOATS[1:],
    "Integer": INTEGERS,
    "Number": INTEGERS + FLOATS,
}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+")


def has_type(dataset, name):
    kind = dataset.id.get_type()
    if name == "String":
        return kind.get_class() == h5py.h5t.STRING
    if kind.get_class() == h5py.h5t.COMPOUND:
        members = [kind.get_member_type(i) for i in range(kind.get_nmembers())]
        bases = FLOATS[1:] if name == "Complex128" else INTEGERS + FLOATS if name == "Number" else []
        return (
            [kind.get_member_name(i) for i in range(kind.get_nmembers())] == [b"r", b"i"]
            and members[0] == members[1]
            and any(members[0] == base for base in bases)
        )
    return any(kind == base for base in TYPES.get(name, []))


def texts(dataset):
    return [str(text) for text in np.ravel(dataset.asstr()[()])]


def problems(path):
    """Return what breaks the specification, as a list of lines."""
    with h5py.File(path, "r") as file:
        return [*presence(file), *types_and_shapes(file), *contents(file)]


def flag(file, name):
    return bool(file[f"/measurement/{name}"][()])


def presence(file):
    groups = {"tracer", "measurement", "calibration"} - set(file)
    for path, (_, _, optional) in ROWS.items():
        if path.split("/")[1] in groups or path in file or optional == "yes":
            continue
        if optional == "no" or flag(file, optional):
            yield f"{path} is missing"
    if "calibration" in file and "measurement" not in file:
        yield "calibration without data"
    names = []
    file.visititems(lambda name, item: names.append(f"/{name}") if isinstance(item, h5py.Dataset) else None)
    for name in names:
        if name not in ROWS and "/_" not in name:
            yield f"{name} is not of the specification"


def sizes(file):
    one = {
        "J": "/acquisition/numPeriodsPerFrame",
        "N": "/acquisition/numFrames",
        "C": "/acquisition/receiver/numChannels",
        "D": "/acquisition/drivefield/numChannels",
        "V": "/acquisition/receiver/numSamplingPoints",
    }
    found = {letter: int(file[path][()]) for letter, path in one.items()}
    found["E"] = int(file["/measurement/isBackgroundFrame"][()].sum())
    found["O"] = found["N"] - found["E"]
    found["F"] = file["/acquisition/drivefield/divider"].shape[1]
    found["K"] = found["V"] // 2 + 1
    if flag(file, "isFrequencySelection"):
        found["K"] = len(file["/measurement/frequencySelection"])
    if "/acquisition/gradient" in file:
        found["Y"] = file["/acquisition/gradient"].shape[1]
    if "tracer" in file:
        found["A"] = len(file["/tracer/name"])
    return found


def types_and_shapes(file):
    size = sizes(file)
    for path, (kind, dims, _) in ROWS.items():
        if path not in file:
            continue
        if not has_type(file[path], kind):
            yield f"{path} is {file[path].dtype}, not {kind}"
        if dims == "1":
            expected = ()
        elif dims == "data":
            points = size["K"] if flag(file, "isFourierTransformed") else size["V"]
            frame = (size["J"], size["C"], points)
            expected = (*frame, size["N"]) if flag(file, "isFastFrameAxis") else (size["N"], *frame)
        else:
            expected = tuple(int(d) if d.isdigit() else size[d] for d in dims.split(","))
        if file[path].shape != expected:
            yield f"{path} has the shape {file[path].shape}, not {expected}"


def contents(file):
    size = sizes(file)
    for path, (kind, _, _) in ROWS.items():
        if path not in file:
            continue
        if kind == "Int8" and not set(np.ravel(file[path][()])) <= {0, 1}:
            yield f"{path} is not Boolean"
        if path.lower().endswith("uuid") and str(UUID(texts(file[path])[0])) != texts(file[path])[0]:
            yield f"{path} is not canonical"
        if path.lower().endswith("time"):
            for text in texts(file[path]):
                if not TIME.fullmatch(text) or datetime.fromisoformat(text).tzinfo is not None:
                    yield f"{path} is not yyyy-mm-ddThh:mm:ss.ms"
    if texts(file["/version"]) != ["2.1.0"]:
        yield "/version is not 2.1.0"
    drive = file["/acquisition/drivefield"]
    if not set(texts(drive["waveform"])) <= {"sine", "triangle", "custom"}:
        yield "waveform"
    phase = drive["phase"][()]
    if (phase < -np.pi).any() or (phase >= np.pi).any():
        yield "phase is not in [-pi, pi)"
    driven = drive["divider"][()][drive["strength"][0] != 0]
    if not np.isclose(drive["cycle"][()], lcm(*map(int, driven)) / drive["baseFrequency"][()], rtol=1e-12):
        yield "cycle is not lcm(divider) / baseFrequency"
    complex_data = file["/measurement/data"].id.get_type().get_class() == h5py.h5t.COMPOUND
    if complex_data != flag(file, "isFourierTransformed"):
        yield "data are complex just where they are Fourier transformed"
    if flag(file, "isFramePermutation"):
        order = np.sort(file["/measurement/framePermutation"][()])
        if not np.array_equal(order, np.arange(size["N"]) + 1):
            yield "framePermutation is no permutation"
    if flag(file, "isFrequencySelection"):
        chosen = file["/measurement/frequencySelection"][()]
        if len(set(chosen)) != len(chosen) or chosen.min() < 1 or chosen.max() > size["V"] // 2 + 1:
            yield "frequencySelection"
    if "calibration" in file and "size" in file["calibration"]:
        if prod(map(int, file["/calibration/size"][()])) != size["O"]:
            yield "the product of size is not O"
        if "order" in file["calibration"] and sorted(texts(file["/calibration/order"])[0]) != list("xyz"):
            yield "order"
