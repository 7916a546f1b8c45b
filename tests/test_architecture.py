"""What holds everywhere: who may import whom, no word of any SOP in the engine, and a README that is true."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from lxml import etree

from engine import cli, settings

ROOT = Path(__file__).parent.parent
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
EVERYDAY = {"mulai", "selesai", "laporan", "data"}
"""Ids of the sample that are also plain words of the interface."""


def test_every_module_keeps_its_place():
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def ids_of_procedures():
    found = set()
    for path in (ROOT / "processes").glob("*/*.bpmn"):
        for element in etree.parse(str(path)).iter():
            kind = str(element.tag).removeprefix(BPMN)
            if kind in ("process", "lane", "userTask", "dataObject", "exclusiveGateway", "property"):
                found.add(element.get("id"))
    return {id_ for id_ in found if id_ and id_ not in EVERYDAY}


def test_the_engine_knows_no_word_of_any_sop():
    words = ids_of_procedures()
    assert "siapkan_kertas_kerja" in words
    pattern = re.compile(r"\b(" + "|".join(sorted(words)) + r")\b")
    found = [
        f"{path.relative_to(ROOT)}:{number}: {match.group()}"
        for path in [*(ROOT / "engine").rglob("*.py"), *(ROOT / "frontend").rglob("*.js")]
        if "translations" not in path.parts
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        for match in pattern.finditer(line)
        if match.group() not in ("sekretaris",)
    ]
    assert not found, "\n".join(found)


def test_the_readme_names_every_command_and_every_setting():
    readme = (ROOT / "README.md").read_text()
    missing = [
        f"alur {name}" for name in cli.main.commands if f"`{name}`" not in readme and f"engine {name}" not in readme
    ]
    missing += [name for name in settings.NAMES if f"`{name}`" not in readme]
    assert not missing


def test_the_settings_that_are_read_are_those_that_are_documented():
    source = (ROOT / "engine" / "settings.py").read_text() + (ROOT / "engine" / "cli.py").read_text()
    assert set(re.findall(r"ALUR_[A-Z_]+", source)) <= set(settings.NAMES)


@pytest.mark.parametrize("name", ["requirements/run.txt", "requirements/test.txt", "package-lock.json"])
def test_locks_carry_hashes_and_name_no_host(name):
    text = (ROOT / name).read_text()
    assert "://" not in text.replace("https://opencollective.com", "").replace(
        "https://github.com", ""
    ) or name.endswith("json")
    assert '"resolved"' not in text
    assert "sha256:" in text or "sha512-" in text


def test_nothing_evaluates_text_as_python():
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in (ROOT / "engine").rglob("*.py")
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if re.search(r"(?<![\w.\"'`])(eval|exec|pickle\.loads|__import__)\(", line)
    ]
    assert not found
