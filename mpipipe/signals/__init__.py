"""Periods of receive signals: their symmetry, and classical methods that remove noise from them."""
