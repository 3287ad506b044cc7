"""Restoration of a user's own system matrices with the methods of the restoration study."""
