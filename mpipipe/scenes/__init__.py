"""Concentration maps and their measurements: phantoms of any resolution, signals from a finer grid."""
