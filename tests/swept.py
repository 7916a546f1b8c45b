"""What a worker does with the papers or berkas that are due, where a test has no worker."""

from engine import pulse


def swept(service, now):
    """Print or build what is due; how many were."""
    do = getattr(service, "print", None) or service.make
    return sum(pulse.at(row) and do(row, now) for row in service.due(now))
