"""System matrices of a 1-D scanner with cosine drive, by numerical integration over a period."""

import numpy as np

AMPLITUDE_MM = 16.0
GRADIENT_T_PER_M = 2.0


def line_system(diameter_nm, harmonics=200, voxels=129, samples=4096):
    """Sine coefficients of dM/dt (harmonic, voxel) and positions (voxel,) in mm; particles of 0.6 T/mu0 at 293 K."""
    x = np.linspace(-AMPLITUDE_MM, AMPLITUDE_MM, voxels)
    moment = 0.6 / (4e-7 * np.pi) * np.pi / 6 * (diameter_nm * 1e-9) ** 3
    phase = 2 * np.pi * np.arange(samples) / samples
    field_T = GRADIENT_T_PER_M * 1e-3 * (x[:, None] + AMPLITUDE_MM * np.cos(phase))
    argument = moment * field_T / (1.380649e-23 * 293)
    small = np.abs(argument) < 1e-3
    safe = np.where(small, 1.0, argument)
    magnetisation = np.where(small, argument / 3, 1 / np.tanh(safe) - 1 / safe)
    cosines = 2 * np.fft.rfft(magnetisation).real[:, 1 : harmonics + 1] / samples
    return (np.arange(1, harmonics + 1) * cosines).T, x


def ideal_system(harmonics, voxels):
    """Limit of an infinite diameter at the zeros of U_voxels, where the closed form sin(k theta) is a sine transform."""
    theta = np.pi * np.arange(1, voxels + 1) / (voxels + 1)
    return np.sin(np.arange(1, harmonics + 1)[:, None] * theta), AMPLITUDE_MM * np.cos(theta)
