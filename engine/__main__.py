"""``python -m engine``: the command line."""

import gc
import sys
from importlib import import_module

from engine.check import main

if sys.argv[1:2] != ["check"]:  # which needs none of what the other commands load
    gc.disable()  # nothing of what is loaded is garbage, and looking for some takes a tenth of the time
    import_module("engine.cli")
    gc.enable()

if __name__ == "__main__":
    main()
