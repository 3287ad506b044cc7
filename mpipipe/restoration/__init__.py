"""Restoration of system matrices by classical methods, one interface for classical and learned ones."""
