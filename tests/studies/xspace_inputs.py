"""A small acquisition for tests of the deblurring study: twelve and thirteen cycles on few pixels."""

from mpipipe.config.deblurring import Acquisition
from mpipipe.physics.grid import Grid
from mpipipe.physics.particle import Particle
from mpipipe.physics.scanner import Scanner

PIXELS = 16
ACQUISITION = Acquisition(
    scanner=Scanner(
        gradient_T_per_m=(3, 3, -6),
        drive_amplitude_mT=(30, 30, 0),
        divider=(364, 336, 1),
        base_frequency_Hz=22.275e6,
        waveform="sine",
    ),
    # A broad point spread, which few cycles sample well.
    particle=Particle(core_diameter_nm=18),
    grid=Grid(shape=(PIXELS, PIXELS), field_of_view_mm=(20, 20)),
    refinement=2,
)
