"""Speed of the package, measured against what cannot be avoided and against other ways to the same result."""
