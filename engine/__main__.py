"""``python -m engine``: the command line."""

import sys
from importlib import import_module

from engine.check import main

if sys.argv[1:2] != ["check"]:  # which needs none of what the other commands load
    import_module("engine.cli")

if __name__ == "__main__":
    main()
