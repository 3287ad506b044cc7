"""Noise of the receive chain: empty-frame backgrounds, measured or synthetic."""
