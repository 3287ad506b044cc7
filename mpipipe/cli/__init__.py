"""The verbs of the command line; with `storage`, the only place that touches files."""
