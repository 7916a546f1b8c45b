"""The benchmarks run, each at its smallest, and say what they found: so that they do not rot."""

import json
import os

import pytest

from benchmarks import __main__ as bench
from benchmarks import servers
from benchmarks.figures import Figure
from tests.operations import loaded

pytestmark = pytest.mark.xdist_group("benchmarks")  # they copy one office


@pytest.fixture
def forked(monkeypatch):
    """Servers of Alur are forked from a process that has loaded it."""
    start = servers.started

    def started(words, environment):
        if words[:2] != ["-m", "engine"]:
            return start(words, environment)
        with open(os.devnull, "wb") as nowhere:
            return loaded.Started(words[2:], environment, nowhere.fileno(), nowhere.fileno())

    monkeypatch.setattr(servers, "started", started)


@pytest.mark.parametrize("group", ["engine", "host", "inbox", "finding", "grid", "documents", "proof"])
def test_a_group_measures_and_leaves_a_table_json_and_a_page(group, tmp_path, monkeypatch, capsys, forked):
    asked = ["bench", group, "--small", "--results", str(tmp_path), "--markdown", str(tmp_path / "table.md")]
    monkeypatch.setattr("sys.argv", asked)
    assert bench.main() == 0
    assert f"{group}: " in capsys.readouterr().out
    figures = json.loads((tmp_path / "bench.json").read_text())["figures"]
    assert figures
    assert all(figure["group"] == group and figure["ours"] > 0 for figure in figures)
    assert (tmp_path / "table.md").read_text().count(f"| {group}: ") == len(figures)
    page = (tmp_path / "bench.html").read_text()
    assert "<table" in page
    assert group in ("grid", "proof") or "<svg" in page, "only their figures are too few to be drawn"


def test_a_goal_bounds_the_ratio_and_without_one_the_value_itself():
    assert Figure("engine", "cepat", 1.0, "ms", 9.0, "naive", 9.0, (">=", 8.0)).met
    assert not Figure("inbox", "lambat", 120.0, "ms", 1.0, "an empty page", goal=("<=", 100.0)).met
    assert Figure("host", "tanpa sasaran", 1.0, "ms").met is None
