"""A small blur, and its matrix from the definition, that the tests of the deconvolutions share."""

import numpy as np

from mpipipe.physics.grid import Grid
from mpipipe.physics.particle import Particle
from mpipipe.physics.scanner import Scanner
from mpipipe.reconstruction.blur import Blur

PARTICLE = Particle(core_diameter_nm=25)
SCANNER = Scanner(
    gradient_T_per_m=(3, 2, -5),
    drive_amplitude_mT=(12, 7, 0),
    divider=(900, 891, 1),
    base_frequency_Hz=22.275e6,
    waveform="sine",
)
GRID = Grid(shape=(8, 9), field_of_view_mm=(6, 6.5))
SUB_SAMPLES = 3


def local_blur():
    return Blur.along(PARTICLE, SCANNER, GRID, SUB_SAMPLES)


def diagonal_blur():
    return Blur.of(PARTICLE, SCANNER.gradient_T_per_m, GRID, SUB_SAMPLES)


def tensor(offset):
    """β J(βGd) G of one offset, from the formula of the Langevin function."""
    scale = PARTICLE.beta_per_T * np.array(SCANNER.gradient_T_per_m[:2])
    xi = scale * offset
    size = np.linalg.norm(xi)
    if size < 1e-6:
        return np.eye(2) / 3 * scale
    along = 1 / size**2 - 1 / np.sinh(size) ** 2
    across = (1 / np.tanh(size) - 1 / size) / size
    e = xi / size
    return (along * np.outer(e, e) + across * (np.eye(2) - np.outer(e, e))) * scale


def dense(local):
    """H as a matrix (partition * x * y, x * y), pixel by pixel: vᵀHv, averaged over the pixel of the source."""
    x, y = GRID.axes_m()
    pixel = np.array([x[1] - x[0], y[1] - y[0]])
    points = [np.array([one, two]) for one in x for two in y]
    shifts = (np.arange(SUB_SAMPLES) + 0.5) / SUB_SAMPLES - 0.5
    inside = [pixel * (one, two) for one in shifts for two in shifts]
    reach = 1e-3 * np.divide(SCANNER.drive_amplitude_mT[:2], SCANNER.gradient_T_per_m[:2])
    rows = []
    for sign in (1, -1):
        for point in points:
            v = np.array([1.0, sign])
            if local:
                v = v * SCANNER.drive_frequency_Hz[:2] * np.sqrt(reach**2 - point**2)
            v /= np.linalg.norm(v)
            rows.append(
                [np.mean([v @ tensor(source + shift - point) @ v for shift in inside]) for source in points]
            )
    return np.array(rows) * pixel.prod()


def matrix_of(blur):
    """H as a matrix, column by column."""
    pixels = np.prod(blur.shape)
    return blur.apply(np.eye(pixels).reshape(-1, *blur.shape)).reshape(pixels, -1).T.astype(np.float64)


def noisy_images(blur, seed=0, items=3, noise=0.02):
    """Sparse concentrations and their images with noise, of different sizes."""
    rng = np.random.default_rng(seed)
    truth = rng.random((items, *blur.shape)) * (rng.random((items, *blur.shape)) > 0.7)
    truth *= np.geomspace(1, 3, items)[:, None, None]
    images = blur.apply(truth)
    images += (noise * images.max() * rng.standard_normal(images.shape)).astype(np.float32)
    return truth, images
