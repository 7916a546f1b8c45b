"""The security page names every requirement of OWASP ASVS 5.0.0, levels 1 and 2, once, and only what there is."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "keamanan.md").read_text()
LAST = {  # of each section, the last requirement of level 1 or 2; the standard puts level 3 behind them
    **{"1.1": 2, "1.2": 9, "1.3": 11, "1.4": 3, "1.5": 2, "2.1": 3, "2.2": 3, "2.3": 4, "2.4": 1, "3.2": 2, "3.3": 4},
    **{"3.4": 6, "3.5": 5, "3.7": 2, "4.1": 3, "4.2": 1, "4.3": 2, "4.4": 4, "5.1": 1, "5.2": 3, "5.3": 2, "5.4": 3},
    **{"6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "6.5": 5, "6.6": 3, "6.8": 4, "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5},
    **{"7.5": 2, "7.6": 2, "8.1": 2, "8.2": 3, "8.3": 1, "8.4": 1, "9.1": 3, "9.2": 4, "10.1": 2, "10.2": 2, "10.3": 4},
    **{"10.4": 11, "10.5": 5, "10.6": 2, "10.7": 3, "11.1": 2, "11.2": 3, "11.3": 3, "11.4": 4, "11.5": 1, "11.6": 1},
    **{"12.1": 3, "12.2": 2, "12.3": 4, "13.1": 1, "13.2": 5, "13.3": 2, "13.4": 5, "14.1": 2, "14.2": 4, "14.3": 3},
    **{"15.1": 3, "15.2": 3, "15.3": 7, "16.1": 1, "16.2": 5, "16.3": 4, "16.4": 3, "16.5": 3, "17.1": 1, "17.2": 4},
    "17.3": 2,
}


def named(cell):
    for part in cell.split(","):
        first, _, last = part.strip().partition("–")
        section, _, number = first.rpartition(".")
        assert not last or last.rpartition(".")[0] == section, part
        yield from (f"{section}.{n}" for n in range(int(number), int(last.rpartition(".")[2] if last else number) + 1))


def test_every_requirement_of_levels_1_and_2_stands_there_once():
    found = [each for cell in re.findall(r"^\| (\d[^|]+) \|", PAGE, re.MULTILINE) for each in named(cell)]
    wanted = [f"{section}.{n}" for section, last in LAST.items() for n in range(1, last + 1)]
    assert sorted(found) == sorted(wanted)


def test_every_module_and_test_that_it_names_exists():
    modules = set(re.findall(r"`((?:engine|docs)/[\w/.]+)`", PAGE))
    assert not {path for path in modules if not (ROOT / path).is_file()}
    source = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    assert not set(re.findall(r"`(test_\w+)`", PAGE)) - set(re.findall(r"^def (test_\w+)\(", source, re.MULTILINE))
