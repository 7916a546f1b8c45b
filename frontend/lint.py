"""Lints the front end: `.venv/bin/python frontend/lint.py`; with ``--fix`` what a machine can mend is mended.

Four linters, all at once, each with a cache: prettier (layout), eslint (scripts, and whether the browsers of
``browserslist`` in package.json know what they call), stylelint (the same of styles) and djlint (templates: rules only,
their layout is their authors').
"""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from frontend.build import MODULES, NODE, ROOT, install

CACHE = ROOT / ".lint_cache"
FIX = "--fix" in sys.argv[1:]


def commands() -> list[list[str | Path]]:
    """Return what to run, the slowest first."""
    fix = ["--fix"] if FIX else []
    kept = ["--cache", "--cache-strategy", "content", "--cache-location"]
    prettier = [NODE, MODULES / "prettier/bin/prettier.cjs", "--write" if FIX else "--check", "--log-level", "warn"]
    eslint = [NODE, MODULES / "eslint/bin/eslint.js", "--config", "frontend/eslint.config.js", "--max-warnings", "0"]
    stylelint = [NODE, MODULES / "stylelint/bin/stylelint.mjs", "--config", "frontend/stylelint.config.js"]
    djlint = [Path(sys.executable).parent / "djlint", "--lint", "--quiet", "engine/web/templates"]
    return [
        [*eslint, *fix, *kept, CACHE / "eslint", "frontend"],
        [*stylelint, *fix, *kept, CACHE / "stylelint", "frontend/css/*.css"],
        djlint,
        [*prettier, *kept, CACHE / "prettier", "frontend", "package.json"],
    ]


def run(command: list[str | Path]) -> tuple[int, str]:
    """Run one linter; its exit code, and what it said."""
    done = subprocess.run(command, cwd=ROOT, text=True, stdout=-1, stderr=subprocess.STDOUT, check=False)  # noqa: S603
    return done.returncode, done.stdout


def main() -> int:
    """Say what is wrong; 1 if anything is."""
    install(tools=True)
    with ThreadPoolExecutor() as pool:
        results = list(pool.map(run, commands()))
    for code, said in results:
        if code:
            print(said)
    return int(any(code for code, _ in results))


if __name__ == "__main__":
    sys.exit(main())
