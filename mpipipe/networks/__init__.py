"""Network architectures, one a module, and one registry of their names."""
