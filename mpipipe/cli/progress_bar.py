"""Progress of long work, on standard error and only where a person looks."""

from rich.console import Console
from rich.progress import Progress


def progress_bar() -> Progress:
    """Return a progress bar that is gone when the work is done, and silent where standard error is no terminal."""
    console = Console(stderr=True)
    return Progress(console=console, transient=True, disable=not console.is_terminal)
