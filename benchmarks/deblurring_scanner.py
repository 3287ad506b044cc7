"""The deblurring study's scanner and particles: a fast and a slow sine, 89 100 samples a period."""

from mpipipe.physics.grid import Grid
from mpipipe.physics.particle import Particle
from mpipipe.physics.scanner import Scanner

SCANNER = Scanner(
    gradient_T_per_m=(3, 3, -6),
    drive_amplitude_mT=(30, 30, 0),
    divider=(900, 891, 1),
    base_frequency_Hz=22.275e6,
    waveform="sine",
)
PARTICLE = Particle(core_diameter_nm=25)


def pixels(size: int) -> Grid:
    """Return so many pixels along both axes of the study's field of view."""
    return Grid(shape=(size, size), field_of_view_mm=(20, 20))
