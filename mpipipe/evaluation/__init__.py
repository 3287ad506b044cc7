"""Metrics, tidy records, their summary, tables, figures and the gallery."""
