"""Do the tests notice? Small faults are put into the code one at a time, and tests that pass there must fail.

``python -m tests.mutants [seed] [count]`` (``make mutants``) draws its sample by *seed* from every place of ``SOURCES``
where an operator of Cosmic Ray, or the loss of a statement, changes what runs. First it measures which tests pass
which line (on SQLite, without browser and kills). A fault then meets the tests that pass its line, the quick ones
first, for ``PATIENCE`` seconds. ``tests/equivalents.toml`` names faults that change nothing, with the reason.

Cosmic Ray by itself runs one command for every fault, here the whole suite 200 times. mutmut chooses tests as this
does, but forks them from one process, which our servers, children and databases do not survive.
"""

import ast
import json
import os
import random
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("bpmn", "service", "store", "forms", "model")
ENVIRONMENT = {**os.environ, "ALUR_TEST_DATABASES": "sqlite"}
PATIENCE, WORKERS = 60, 2
MOST = 50  # tests for a line that runs at import
CHILDREN = {  # what runs in processes of its own, where no line is noted, and the tests that start them
    "engine/service/": (
        "tests/service/test_trial.py",
        "tests/service/test_constructs.py",
        "tests/service/test_functions.py",
    ),
    "processes/": ("tests/processes/", "tests/service/test_the_sop.py"),
}
LOSS = "Lose"  # of a statement; every other kind is a name of Cosmic Ray's
UNTRIED = {"core/VariableReplacer", "core/VariableInserter"}  # which must be told of variables
MEASURED = ROOT / "build" / "mutants"


@dataclass(frozen=True, order=True)
class Fault:
    """One change of one place; *number* counts what its operator may change in the file, or is the statement's line."""

    path: str
    line: int
    operator: str
    number: int

    @property
    def place(self) -> tuple[str, int, str]:
        return self.path, self.line, self.operator.split("_")[0]

    def code(self) -> str:
        """Return the whole file with the fault."""
        from cosmic_ray.mutating import mutate_code
        from cosmic_ray.plugins import get_operator

        text = (ROOT / self.path).read_text()
        if self.operator != LOSS:
            return str(mutate_code(text, get_operator(self.operator)(), self.number))
        lost = next(node for node in ast.walk(ast.parse(text)) if _may_be_lost(node) and node.lineno == self.line)
        lines = text.splitlines()
        lines[lost.lineno - 1 : lost.end_lineno] = [" " * lost.col_offset + "pass"]
        return "\n".join(lines) + "\n"

    def change(self) -> tuple[str, str]:
        """Return the first line that differs, before and after."""
        lines = (ROOT / self.path).read_text().splitlines(), self.code().splitlines()
        return next(((a.strip(), b.strip()) for a, b in zip(*lines, strict=False) if a != b), ("", ""))


def faults_of(path: Path) -> Iterator[Fault]:
    """Give every fault of what runs in a file: not of annotations, docstrings, bounds told at its top, frozen=True."""
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.plugins import get_operator, operator_names

    text, name = path.read_text(), str(path.relative_to(ROOT))
    tree, nodes = ast.parse(text), list(ast_nodes(get_ast(text)))
    parts = [part for node in ast.walk(tree) for at in ("annotation", "returns") if (part := getattr(node, at, None))]
    parts += [node for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign)]
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    parts += [
        word.value for each in classes for d in each.decorator_list if isinstance(d, ast.Call) for word in d.keywords
    ]
    told = [((part.lineno, part.col_offset), (part.end_lineno, part.end_col_offset)) for part in parts]
    for operator_name in sorted(set(operator_names()) - UNTRIED):
        places = [place for node in nodes for place in get_operator(operator_name)().mutation_positions(node)]
        for number, (start, _) in enumerate(places):
            if not any(since <= start < until for since, until in told):
                yield Fault(name, start[0], operator_name, number)
    for node in ast.walk(tree):
        if _may_be_lost(node) and node not in tree.body:
            yield Fault(name, node.lineno, LOSS, node.lineno)


def _may_be_lost(node: Any) -> bool:
    if isinstance(node, ast.Expr):
        return not isinstance(node.value, ast.Constant | ast.Yield | ast.YieldFrom)
    if isinstance(node, ast.Assign):  # a name that is lost is missed by whatever reads it
        return not all(isinstance(target, ast.Name | ast.Tuple) for target in node.targets)
    return isinstance(node, ast.AugAssign | ast.Raise | ast.Delete)


def sample(seed: int, count: int) -> list[Fault]:
    """Draw places, and one fault of each: where a comparison may become five others is no likelier than elsewhere."""
    files = [path for room in SOURCES for path in sorted((ROOT / "engine" / room).rglob("*.py"))]
    files = [path for path in files if "migrations" not in path.parts] + sorted(ROOT.glob("processes/*/functions.py"))
    places: dict[tuple[str, int, str], list[Fault]] = {}
    for fault in (fault for path in files for fault in faults_of(path)):
        places.setdefault(fault.place, []).append(fault)
    chance = random.Random(seed)
    return [chance.choice(places[each]) for each in chance.sample(sorted(places), min(count, len(places)))]


def measure() -> None:
    """Note which tests pass which line, and how long each takes."""
    MEASURED.mkdir(parents=True, exist_ok=True)
    environment = {**ENVIRONMENT, "COVERAGE_FILE": str(MEASURED / "coverage"), "ALUR_TIMES": str(MEASURED / "times")}
    command = [sys.executable, "-m", "pytest", "-n", str(WORKERS), "--dist", "loadgroup", "-q", "-p", "tests.mutants"]
    command += ["-m", "not browser and not crash", "--cov=engine", "--cov=processes"]
    command += ["--cov-context=test", "--cov-report="]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note how long a test took: this module is a plugin of pytest while it measures."""
    if report.when == "call" and "PYTEST_XDIST_WORKER" not in os.environ:
        with Path(os.environ["ALUR_TIMES"]).open("a") as file:
            file.write(json.dumps([report.nodeid.split("@")[0], report.duration]) + "\n")


class Reach:
    """Which tests meet a fault: the quick ones first, as many as patience allows."""

    def __init__(self) -> None:
        from coverage import CoverageData

        data = CoverageData(str(MEASURED / "coverage"))
        data.read()
        self.times = dict(json.loads(line) for line in (MEASURED / "times").read_text().splitlines())
        self.passing = {
            (str(Path(path).relative_to(ROOT)), line): {each.rpartition("|")[0].split("@")[0] for each in contexts}
            for path in data.measured_files()
            for line, contexts in data.contexts_by_lineno(path).items()
        }

    def tests_for(self, fault: Fault) -> list[str]:
        """Return those that pass its line; of a line that runs at import, those that pass what it belongs to."""
        found = self.passing.get((fault.path, fault.line), set()) & self.times.keys()
        if found:
            return _in_time(sorted(found, key=self.times.get), self.times)
        inside = (self.passing.get((fault.path, line), set()) for line in _around(fault))
        found = set().union(*inside) & self.times.keys()
        if found:
            return _in_time(sorted(found, key=self.times.get), self.times)[:MOST]
        files = next((files for path, files in CHILDREN.items() if fault.path.startswith(path)), ())
        started = [test for test in self.times if test.startswith(files)] if files else []
        return _in_time(sorted(started, key=self.times.get), self.times)


def _around(fault: Fault) -> range:
    """Return the lines of the class or function whose head or decorator a fault is in; none if it is in a body."""
    tree = ast.parse((ROOT / fault.path).read_text())
    found = range(0)
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            first = min(each.lineno for each in [node, *node.decorator_list])
            fields = [each for each in node.body if isinstance(node, ast.ClassDef) and isinstance(each, ast.AnnAssign)]
            heads = {*range(first, node.body[0].lineno), *(each.lineno for each in fields)}
            if fault.line in heads:
                found = range(first, (node.end_lineno or first) + 1)
    return found


def _in_time(tests: list[str], times: dict[str, float]) -> list[str]:
    spent = 0.0
    for number, test in enumerate(tests):
        spent += times[test] + 0.1
        if spent > PATIENCE:
            return tests[: max(number, 1)]
    return tests


def noticed(fault: Fault, tests: list[str], tree: Path) -> bool:
    """Say whether a test fails, or never ends, with *fault* in *tree*."""
    place = tree / fault.path
    kept = place.read_text()
    place.write_text(fault.code())
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    try:
        done = subprocess.run(
            command, check=False, cwd=tree, env=ENVIRONMENT, capture_output=True, timeout=5 * PATIENCE
        )
        return done.returncode != 0
    except subprocess.TimeoutExpired:
        return True
    finally:
        place.write_text(kept)


def main() -> None:
    """Draw, try, and print what nobody noticed."""
    seed, count = (int(given) for given in (sys.argv[1:] + ["2026", "200"][len(sys.argv) - 1 :])[:2])
    if not (MEASURED / "times").exists():
        measure()
    reach, told = Reach(), tomllib.loads((ROOT / "tests/equivalents.toml").read_text())
    same = {(each["path"], each["before"], each["after"]) for each in told["equivalent"]}
    drawn = [fault for fault in sample(seed, count) if (fault.path, *fault.change()) not in same]
    missed = []
    with TemporaryDirectory() as folder, ThreadPoolExecutor(WORKERS) as pool:
        trees = [Path(folder) / str(number) for number in range(WORKERS)]
        for tree in trees:
            shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(".*", "node_modules", "build", "data"))

        def go(number: int) -> None:
            for done, fault in enumerate(drawn[number::WORKERS]):
                if done % 10 == 0:
                    print(f"... {done * WORKERS} of {len(drawn)} tried", flush=True)
                tests = reach.tests_for(fault)
                if not tests or not noticed(fault, tests, trees[number]):
                    missed.append(fault)
                    before, after = fault.change()
                    by = f"{len(tests)} tests pass" if tests else "no test passes"
                    print(f"{fault.path}:{fault.line} ({by})\n    - {before}\n    + {after}", flush=True)

        list(pool.map(go, range(WORKERS)))
    print(f"{len(drawn) - len(missed)} of {len(drawn)} noticed (seed {seed}; {count - len(drawn)} change nothing)")
    sys.exit(len(missed) > 0.15 * len(drawn))


if __name__ == "__main__":
    main()
