"""What holds everywhere: who may import whom, no word of any SOP in the engine, and a README that is true."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from lxml import etree

from engine import cli, settings
from engine.model.errors import SETUP

ROOT = Path(__file__).parent.parent
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
EVERYDAY = {"mulai", "selesai", "laporan", "data", "disetujui"}
"""Ids of the sample that are also plain words of the interface."""


def test_every_module_keeps_its_place():
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_drawing_of_the_house_is_that_of_the_contracts():
    drawn = re.findall(r"^( *)(\S.*?)(?: {2,}.*)?$", (ROOT / "docs/arsitektur.md").read_text().split("```")[1], re.M)
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][:2]
    for contract, indent in zip(contracts, ("", "  "), strict=True):
        assert [names for depth, names in drawn if depth == indent] == contract["layers"]


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


def test_whoever_operates_it_finds_every_command_and_every_setting():
    readme = (ROOT / "docs/operasi.md").read_text()
    missing = [
        f"alur {name}" for name in cli.main.commands if f"`{name}`" not in readme and f"engine {name}" not in readme
    ]
    missing += [name for name in settings.NAMES if f"`{name}`" not in readme]
    assert not missing


def test_the_settings_that_are_read_are_those_that_are_documented():
    source = (ROOT / "engine" / "settings.py").read_text() + (ROOT / "engine" / "cli.py").read_text()
    assert set(re.findall(r"ALUR_[A-Z_]+", source)) <= set(settings.NAMES)


def ran(*arguments, **settings):
    """What an interpreter of its own says."""
    command, here = [sys.executable, *arguments], os.environ | settings
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=here, check=False)


@pytest.mark.parametrize(
    ("program", "needed"),
    [
        ("import sys; sys.argv = ['alur', 'check', '.']; import engine.__main__", ()),
        ("from engine.service.authoring import validation_worker", ("SpiffWorkflow", "jsonschema")),
        ("import engine.__main__", ("SpiffWorkflow", "cryptography", "segno", "sqlalchemy", "structlog")),
    ],
    ids=["a check at the console", "the trial's child", "a command or a worker"],
)
def test_a_start_loads_nothing_that_it_does_not_need(program, needed):
    listed = f"{program}; import sys; print(*{{name.partition('.')[0] for name in sys.modules}})"
    loaded = set(ran("-c", listed).stdout.split())
    heavy = {"SpiffWorkflow", "jsonschema", "sqlalchemy", "alembic", "flask", "werkzeug", "jinja2", "typst", "openpyxl"}
    heavy |= {
        "cryptography",
        "granian",
        "pyhanko",
        "docx",
        "docxtpl",
        "segno",
        "structlog",
        "holidays",
        "PIL",
        "zxcvbn",
        "pydantic",
        "fitz",
        "pypdf",
    }
    assert "engine" in loaded
    assert loaded & heavy == set(needed)


@pytest.mark.parametrize("path", ["", "pengumpulan_data_kinerja.bpmn"])
def test_a_check_takes_a_procedure_s_folder_or_its_diagram_and_makes_no_office(path, tmp_path):
    sop = ROOT / "processes" / "pengumpulan_data_kinerja" / path
    done = ran("-m", "engine", "check", str(sop), ALUR_DATA=str(tmp_path / "data"), ALUR_FORMS=str(ROOT / "forms"))
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"pengumpulan_data_kinerja: \d\d berkas, tidak ada kesalahan\.\n", done.stdout)
    assert not (tmp_path / "data").exists()


def test_a_diagram_that_lies_alone_is_checked_by_itself(tmp_path):
    lone = tmp_path / "surat.bpmn"
    lone.write_bytes((ROOT / "tests/bpmn/broken/tautan.bpmn").read_bytes())
    done = ran("-m", "engine", "check", str(lone))
    assert done.returncode == 2
    assert "processes/surat/surat.bpmn" in done.stderr
    assert "Peristiwa tautan" in done.stderr


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


def test_no_operator_is_kept_words_that_nothing_says() -> None:
    written = "".join(path.read_text() for path in (ROOT / "engine").rglob("*.py"))
    assert [name for name in SETUP if f'"{name}"' not in written] == []
