"""To come."""

from benchmarks.figures import Found


def run(*, small: bool = False) -> Found:
    """Measure."""
    return Found()
