"""Vector instructions and threads, which the compiled loops of physics and reconstruction share."""
