"""``python -m benchmarks``: measure, print the table, write JSON and a page of charts under ``benchmarks/results``."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks import documents, engine_room, finding, footprint, grid, host, inbox, proof, report
from benchmarks.figures import Found

GROUPS: dict[str, Callable[..., Found]] = {
    "engine": engine_room.run,
    "host": host.run,
    "inbox": inbox.run,
    "finding": finding.run,
    "grid": grid.run,
    "documents": documents.run,
    "proof": proof.run,
    "footprint": footprint.run,
}
RESULTS = Path(__file__).parent / "results"


def main() -> int:
    """Measure what was asked for; 0 also where a goal is missed, since the machine is shared."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("groups", nargs="*", choices=[[], *GROUPS], help="measure only these")
    parser.add_argument("--small", action="store_true", help="each benchmark once, at its smallest")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where JSON and the page go")
    parser.add_argument("--markdown", type=Path, help="write the table here too, as Markdown")
    asked = parser.parse_args()
    found = Found()
    for name in asked.groups or GROUPS:
        print(f"… {name}", file=sys.stderr, flush=True)
        found += GROUPS[name](small=asked.small)
    print(report.table(found.figures))
    print(*report.write(found, asked.results), sep="\n")
    if asked.markdown:
        asked.markdown.write_text(report.markdown(found.figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
