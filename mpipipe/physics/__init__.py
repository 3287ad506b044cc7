"""Scanner, particles, magnetization and system functions of magnetic particle imaging; no files, and torch only on demand."""
