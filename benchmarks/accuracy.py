"""Errors that are asserted where a time is taken."""


def bounded(error: float, bound: float) -> str:
    """Return an error and its bound as text, or raise where the bound is exceeded (or the error is not a number)."""
    if not error <= bound:
        raise AssertionError(f"error: found {error:.2g}, expected at most {bound:.2g}")
    return f"{error:.1e} (bound {bound:.0e})"
