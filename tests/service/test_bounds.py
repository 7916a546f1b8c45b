"""A running instance that would take for ever, or all the memory: an incident at its element, within seconds.

The gate refuses what it sees (``test_trial``). These procedures go wrong only for a number that it does not think of.
"""

import pytest

from engine.bpmn import running_instance
from engine.model.errors import SetupError
from engine.model.process import InstanceStatus
from engine.service.authoring.checking import LARGEST_FILE, MOST_FILES, read_folder
from tests.databases import ON_ONE_KIND
from tests.service.drawing import around, call, gateway, one, procedure, process, script, several, user
from tests.service.procedures import form, number, start

UNTHOUGHT = "77"
EMPTY = process("kosong", *one(script("n = 1")))


def asking(nodes, ways, *others, forms=()):
    """A procedure that asks a number, and goes to ``awal`` for the one that nobody thinks of."""
    first = {"tulis": user(), "pilih": gateway(), "awal": script("n = 1")}
    begun = ["mulai > tulis", "tulis > pilih", f"pilih > awal: angka == {UNTHOUGHT}", "pilih > selesai"]
    asked = form(angka=number("Angka"))
    return procedure(process("uji", first | nodes, begun + ways), *others, forms=forms, uji_tulis=asked)


CASES = {
    "a loop of engine tasks": (
        asking(
            {"panggil": call("kosong"), "lagi": gateway()},
            ["awal > panggil", "panggil > lagi", "lagi > panggil", "lagi > selesai: n > 5"],
            EMPTY,
        ),
        "langkah mesin tanpa menunggu siapa pun",
        {"uji_panggil", "uji_lagi", "kosong_mulai", "kosong_a", "kosong_selesai"},
        {"MOST_STEPS": 1_000, "MOST_SECONDS": 60.0},
    ),
    "branches that call branches": (
        asking(
            {"panggil": call("p0")},
            ["awal > panggil", "panggil > selesai"],
            *[
                process(
                    f"p{n}",
                    {"bagi": gateway("parallel"), "x": call(f"p{n + 1}"), "y": call(f"p{n + 1}")},
                    ["mulai > bagi", "bagi > x", "bagi > y", "x > selesai", "y > selesai"],
                )
                for n in range(30)
            ],
            process("p30", *one(script("n = 1"))),
        ),
        "detik hitungan mesin tanpa menunggu siapa pun",
        {f"p{n}_{node}" for n in range(31) for node in ("mulai", "bagi", "x", "y", "a", "selesai")},
        {"MOST_SECONDS": 0.5},
    ),
    "ten million of one task": (
        asking(
            {"kali": script("n = angka * 1000000"), "a": user(several("n"))},
            ["awal > kali", "kali > a", "a > selesai"],
            forms=["uji_a"],
        ),
        "dikerjakan 77000000 kali sekaligus; batasnya 500",
        {"uji_a"},
        {},
    ),
    "many in each of many": (
        asking(
            {"a": ("subProcess", "", several("angka") + around("dalam", user(several("angka"))))},
            ["awal > a", "a > selesai"],
            forms=["dalam"],
        ),
        "tugas sekaligus",
        {"dalam_mulai", "dalam"},
        {"MOST_TASKS": 2_000, "MOST_SECONDS": 60.0},
    ),
    "a text that doubles": (
        asking({"a": script("\n".join(['a = "xxxxxxxxxx"', *["a = a + a"] * 40]))}, ["awal > a", "a > selesai"]),
        "terlalu panjang",
        {"uji_a"},
        {},
    ),
    "a list in a list in a list": (
        asking({"a": script("\n".join(["a = [1]", *["a = [a, a]"] * 40]))}, ["awal > a", "a > selesai"]),
        "terlalu besar",
        {"uji_a"},
        {},
    ),
    "a thousand large values": (
        asking(
            {"a": script("\n".join(['a = ["xxxxxxxxxx"]', *["a = a + a"] * 14, *[f"b{n} = a" for n in range(90)]]))},
            ["awal > a", "a > selesai"],
        ),
        "terlalu besar",
        {"uji_a"},
        {},
    ),
}


@ON_ONE_KIND
@pytest.mark.parametrize("name", CASES)
def test_what_would_never_end_is_an_incident_at_its_element(office, monkeypatch, name):
    files, said, elements, limits = CASES[name]
    for limit, most in limits.items():
        monkeypatch.setattr(running_instance, limit, most)
    office.hire("ann", "staf")
    office.services.deployments.deploy(office.actor("perancang"), "uji", files, "uji", office.now)
    instance = start(office, "uji")
    task = office.task(instance, "uji_tulis")
    office.services.tasks.complete(office.actor("ann"), task, {"angka": [UNTHOUGHT]}, office.now)
    assert office.page(instance).record.status is InstanceStatus.INCIDENT
    [incident] = office.services.incidents.list(office.actor("operator"))[0]
    assert incident.element_id in elements
    assert said in office.services.incidents.view(office.actor("operator"), incident.id).record.cause
    assert not [step for step in office.open_steps(instance) if step == "uji_tulis"], "what was typed is kept"


def test_trying_again_goes_on_where_it_was_stopped(office, monkeypatch):
    lines = {f"s{n}": script(f"n = {n}") for n in range(60)}
    ways = [f"{a} > {b}" for a, b in zip(["awal", *lines], [*lines, "selesai"], strict=True)]
    office.hire("ann", "staf")
    office.services.deployments.deploy(office.actor("perancang"), "uji", asking(lines, ways), "uji", office.now)
    monkeypatch.setattr(running_instance, "MOST_STEPS", 40)
    instance = start(office, "uji")
    task = office.task(instance, "uji_tulis")
    office.services.tasks.complete(office.actor("ann"), task, {"angka": [UNTHOUGHT]}, office.now)
    operator = office.actor("operator")
    [incident] = office.services.incidents.list(operator)[0]
    office.services.incidents.retry(operator, incident.id, office.now)
    assert office.page(instance).record.status is InstanceStatus.COMPLETED


@pytest.mark.parametrize(
    ("files", "path", "said"),
    [
        ({f"forms/uji/{n}.schema.json": b"" for n in range(MOST_FILES + 1)}, "", "terdiri atas 1501 berkas"),
        ({f"forms/uji/{n}.schema.json": bytes(LARGEST_FILE) for n in range(9)}, "", "Prosedur ini 18874368 bita"),
        ({"processes/uji/uji.bpmn": bytes(LARGEST_FILE + 1)}, "processes/uji/uji.bpmn", "Berkas ini 2097153 bita"),
        ({"processes/uji/lain.py": b"x = 1"}, "processes/uji/lain.py", "tidak dijalankan"),
    ],
    ids=["many", "much", "large", "code"],
)
def test_files_that_are_too_many_or_too_large_are_told_before_any_of_them_is_tried(office, files, path, said):
    [found] = office.services.deployments.check("uji", files)
    assert (found.file, said in found.message, found.severity) == (path, True, "error")


def test_a_folder_without_its_diagram_is_told_with_the_file_that_is_missing(tmp_path):
    (tmp_path / "uji").mkdir()
    with pytest.raises(SetupError, match=r"uji/uji\.bpmn"):
        read_folder(tmp_path, tmp_path, "uji")
