"""What the compiled loops of several rooms share."""
