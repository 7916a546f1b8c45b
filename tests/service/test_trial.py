"""The gate before deployment: whatever somebody draws, it answers in seconds, and the server goes on meanwhile."""

import json
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import replace

import psutil
import pytest

from engine.model.errors import InvalidProcedure, SetupError
from engine.service.authoring import validation as gates
from engine.service.authoring.checking import read_folder
from engine.service.authoring.validation import Validator
from engine.service.authoring.validation_worker import MOST_FINDINGS, Validation
from engine.service.authoring.verdict import ValidationLimits
from engine.service.procedures.functions import Functions
from tests.databases import ON_ONE_KIND
from tests.office import ROOT, SOP
from tests.operations.harness import until
from tests.service.drawing import around, call, gateway, one, procedure, process, script, several, user
from tests.service.procedures import form

BROKEN = ROOT / "tests" / "bpmn" / "broken"
QUICK = ValidationLimits(cpu=0.4, seconds=20)

EMPTY = process("kosong", *one(script("n = 1")))
ENDLESS = procedure(
    process(
        "uji",
        {"panggil": call("kosong"), "lagi": gateway()},
        ["mulai > panggil", "panggil > lagi", "lagi > panggil", "lagi > selesai: n > 5"],
    ),
    EMPTY,
)
GOOD = procedure(process("uji", *one(user())), forms=["uji_a"])


def twice(number):
    """A process that calls the next one in two branches at once."""
    following = call(f"p{number + 1}")
    nodes = {"bagi": gateway("parallel"), "x": following, "y": following, "gabung": gateway("parallel")}
    ways = ["mulai > bagi", "bagi > x", "bagi > y", "x > gabung", "y > gabung", "gabung > selesai"]
    return process(f"p{number}", nodes, ways)


def more(*lines):
    """A start whose script has these lines."""
    return procedure(process("uji", *one(script("\n".join(lines)))))


TOO_MUCH = {  # what no rule sees
    "a loop through another process": ENDLESS,
    "branches that call branches": procedure(
        process("uji", *one(call("p0"))), *[twice(n) for n in range(24)], process("p24", *one(script("n = 1")))
    ),
    "many in each of many": procedure(
        process(
            "uji",
            *one(
                (
                    "subProcess",
                    "",
                    several(400) + around("luar", ("subProcess", "", several(400) + around("dalam", script("n = 1")))),
                )
            ),
        )
    ),
    "tokens that double in a loop": procedure(
        process(
            "uji",
            {
                "temu": gateway(),
                "panggil": call("kosong"),
                "bagi": gateway("parallel"),
                "x": script("n = 1"),
                "y": script("n = 2"),
                "lagi": gateway(),
            },
            [
                "mulai > temu",
                "temu > panggil",
                "panggil > bagi",
                "bagi > x",
                "bagi > y",
                "x > lagi",
                "y > lagi",
                "lagi > temu",
                "lagi > selesai: n > 5",
            ],
        ),
        EMPTY,
    ),
    "a task that is done a hundred million times": procedure(
        process(
            "uji",
            *one(
                ("scriptTask", "", '<b:standardLoopCharacteristics loopMaximum="100000000"/><b:script>n = 1</b:script>')
            ),
        )
    ),
}
STOPPED_BY_ITSELF = {  # an incident of every instance, so a warning: (files, element, what is said of it)
    "a text that doubles": (more('a = "xxxxxxxxxx"', *["a = a + a"] * 40), "uji_a", "terlalu panjang"),
    "a list in a list in a list": (more("a = [1]", *["a = [a, a]"] * 40), "uji_a", "terlalu besar"),
    "ten million of one task": (
        procedure(
            process(
                "uji",
                {"hitung": script("n = 10000000"), "a": user(several("n"))},
                ["mulai > hitung", "hitung > a", "a > selesai"],
            ),
            forms=["uji_a"],
        ),
        "uji_a",
        "dikerjakan 10000000 kali sekaligus; batasnya 500",
    ),
}


@pytest.fixture(scope="module")
def shared():
    """A gate with the usual limits."""
    made = Validator()
    yield made
    made.close()


@pytest.fixture
def quick():
    """A gate that waits less."""
    made = Validator(QUICK)
    yield made
    made.close()


def found_by(gate, process_id, files, *folder):
    """What a gate finds in a procedure."""
    return gate.tried(process_id, files, *folder).findings


def sample():
    return read_folder(ROOT / "processes", ROOT / "forms", SOP)


def children():
    """The children of this process that try procedures."""
    found = set()
    for child in psutil.Process().children():
        with suppress(psutil.Error):
            if "validation_worker.serve()" in " ".join(child.cmdline()) and child.status() != psutil.STATUS_ZOMBIE:
                found.add(child)
    return found


def test_the_office_s_sop_passes_without_a_word_and_the_child_is_kept_for_the_next(shared):
    before = children()
    assert found_by(shared, SOP, sample()) == ()
    [child] = children() - before
    assert found_by(shared, "uji", GOOD) == ()
    assert children() - before == {child}


@pytest.mark.parametrize("name", TOO_MUCH)
def test_what_no_rule_sees_is_stopped_at_its_element(quick, name):
    files = TOO_MUCH[name]
    before = children()
    [*_, found] = found_by(quick, "uji", files)
    assert found.rule == "trial_limit", found
    assert found.severity == "error"
    assert f'id="{found.element_id}"' in files[found.file].decode().splitlines()[found.line - 1]
    assert "terlalu banyak waktu" in found.message
    assert children() == before, "the child has ended"


def test_hundreds_of_processes_that_call_each_other_in_a_ring_are_named_at_their_calls(shared):
    ring = [process(f"p{n}", *one(call(f"p{(n + 1) % 300}"))) for n in range(300)]
    found = found_by(shared, "uji", procedure(process("uji", *one(call("p0"))), *ring))
    assert [(each.rule, each.element_id) for each in found] == [("call_recursion", f"p{n}_a") for n in range(300)]


def test_an_endless_loop_is_named_as_one(shared):
    [found] = found_by(shared, "uji", ENDLESS)
    assert (found.rule, found.severity) == ("trial_endless", "error")
    assert "tanpa menunggu siapa pun" in found.message
    assert found.element_id in {"uji_panggil", "uji_lagi", "kosong_mulai", "kosong_a", "kosong_selesai"}


@pytest.mark.parametrize("name", STOPPED_BY_ITSELF)
def test_what_every_instance_would_stop_at_is_told_before(shared, name):
    files, element_id, said = STOPPED_BY_ITSELF[name]
    [found] = found_by(shared, "uji", files)
    assert (found.rule, found.element_id) == ("trial_incident", element_id)
    assert said in found.message


DECISION = {"keputusan": {"type": "string", "title": "Keputusan", "enum": ["setuju", "kembalikan"]}}


def decided(condition):
    """A step whose answer leads back or to the end."""
    ways = ["mulai > a", "a > pilih", f"pilih > a: {condition}", "pilih > selesai"]
    files = procedure(process("uji", {"a": user(), "pilih": gateway()}, ways), forms=["uji_a"])
    return files | {"forms/uji/uji_a.schema.json": form(**DECISION)}


def test_an_answer_that_the_form_does_not_offer_is_named_with_those_that_it_offers(shared):
    [found] = found_by(shared, "uji", decided('keputusan == "dikembalikan"'))
    assert (found.rule, found.severity, found.element_id) == ("answer_unknown", "error", "uji_panah_2")
    assert "dikembalikan" in found.message
    assert found.mend == 'Isian keputusan: "kembalikan", "setuju". Mungkin maksudnya "kembalikan".'
    [found] = found_by(shared, "uji", decided("keputusan"))
    assert (found.rule, found.severity) == ("no_comparison", "error")
    assert found_by(shared, "uji", decided('keputusan == "kembalikan"')) == ()


def meeting(condition):
    """Two ways out of a choice that meet where both are awaited."""
    nodes = {"u": user(), "x": gateway(), "a": ("manualTask", "", ""), "b": ("manualTask", "", "")}
    ways = ["mulai > u", "u > x", f"x > a: {condition}", "x > b", "a > j", "b > j", "j > selesai"]
    files = procedure(process("uji", nodes | {"j": gateway("parallel")}, ways), forms=["uji_u"])
    return files | {"forms/uji/uji_u.schema.json": form(**DECISION)}


def test_branches_that_never_meet_stop_the_trial_where_they_are_awaited_with_the_way_there(shared):
    [found] = found_by(shared, "uji", meeting('keputusan == "setuju"'))
    assert (found.rule, found.severity, found.element_id) == ("trial_deadlock", "error", "uji_j")
    assert "mulai → u → x → a" in found.message


def test_a_trial_that_halts_as_a_branch_ended_by_itself_says_how_to_mend_that(shared):
    step = ("manualTask", "", "")
    nodes = {"p": gateway("parallel"), "a": step, "b": step, "habis": ("endEvent", "", ""), "x": gateway()}
    ways = ["mulai > u", "u > p", "p > a", "p > b", "a > j", "b > x", 'x > habis: keputusan == "setuju"', "x > j"]
    nodes |= {"u": user(), "j": gateway("parallel")}
    files = procedure(process("uji", nodes, [*ways, "j > selesai"]), forms=["uji_u"])
    [found] = found_by(shared, "uji", files | {"forms/uji/uji_u.schema.json": form(**DECISION)})
    assert (found.rule, found.element_id) == ("trial_deadlock", "uji_j")
    assert "cabang yang berakhir di “habis” ke gabungan itu" in found.mend


def test_branches_that_might_never_meet_are_a_warning_as_long_as_no_trial_came_to_a_halt(shared):
    awaited = procedure(
        process(
            "uji",
            dict.fromkeys("ab", ("manualTask", "", ""))
            | {"u": user(), "x": gateway(), "j": gateway("parallel"), "p": gateway("parallel"), "y": gateway()},
            [
                "mulai > u",
                "u > p",
                "p > x",
                "p > y",
                'x > a: keputusan == "setuju"',
                "x > selesai",
                'y > b: keputusan == "setuju"',
                "y > selesai",
                "a > j",
                "b > j",
                "j > selesai",
            ],
        ),
        forms=["uji_u"],
    )
    [found] = found_by(shared, "uji", awaited | {"forms/uji/uji_u.schema.json": form(**DECISION)})
    assert (found.rule, found.severity, found.element_id) == ("deadlock", "warning", "uji_j")


def test_memory_that_runs_out_is_named_with_its_element(shared):
    poor = Validator(ValidationLimits(memory=30_000_000))
    try:
        found = found_by(poor, "uji", TOO_MUCH["many in each of many"])
    finally:
        poor.close()
    assert {each.rule for each in found} <= {"trial_limit", "trial_fault"}
    assert all(each.severity == "error" and each.element_id for each in found)
    assert found


def test_a_child_that_does_not_hear_that_it_is_to_stop_is_killed(quick):
    deaf = Validator(ValidationLimits(cpu=1000, seconds=1.5))
    before = children()
    try:
        [*_, found] = found_by(deaf, "uji", TOO_MUCH["tokens that double in a loop"])
    finally:
        deaf.close()
    assert (found.rule, found.element_id, found.name) == ("trial_limit", "uji_mulai", "mulai")
    assert children() == before


def test_five_hundred_tasks_in_a_row_are_fine(shared):
    names = [f"t{number}" for number in range(500)]
    ways = [f"{a} > {b}" for a, b in zip(["mulai", *names], [*names, "selesai"], strict=True)]
    nodes = dict.fromkeys(names, ("manualTask", "", ""))
    assert found_by(shared, "uji", procedure(process("uji", nodes, ways))) == ()


@pytest.mark.parametrize("path", sorted(BROKEN.glob("*.bpmn")), ids=lambda path: path.stem)
def test_every_broken_diagram_is_answered_with_how_to_mend_it(shared, path):
    found = found_by(shared, "contoh", {"processes/contoh/contoh.bpmn": path.read_bytes()})
    assert found
    assert all(each.message and each.mend for each in found)
    assert not any(each.rule.startswith("trial") for each in found)


def test_a_diagram_with_thousands_of_faults_names_the_first_of_them(shared):
    lost = {f"t{number}": ("manualTask", "", "") for number in range(2 * MOST_FINDINGS)}
    found = found_by(shared, "uji", procedure(process("uji", lost, ["mulai > selesai"])))
    assert len(found) == MOST_FINDINGS + 1
    assert found[-1].rule == "too_many"


def test_others_go_on_while_somebody_waits_for_an_endless_one(quick):
    waiting = threading.Thread(target=quick.tried, args=("uji", ENDLESS))
    waiting.start()
    pauses = []
    while waiting.is_alive():
        began = time.monotonic()
        time.sleep(0.005)
        pauses.append(time.monotonic() - began)
    assert len(pauses) > 20
    assert sorted(pauses)[len(pauses) // 2] < 0.1


def test_more_at_once_than_there_are_places_are_asked_to_come_again(monkeypatch):
    monkeypatch.setattr(gates, "AT_ONCE", 1)
    busy = Validator(ValidationLimits(cpu=1000, seconds=2))
    first = threading.Thread(target=busy.tried, args=("uji", ENDLESS))
    first.start()
    time.sleep(0.3)
    began = time.monotonic()
    busy._limits = ValidationLimits(seconds=0.1)
    [found] = found_by(busy, "uji", GOOD)
    assert found.rule == "trial_busy"
    assert time.monotonic() - began < 1
    first.join()
    busy.close()


def test_what_was_tried_a_moment_ago_is_not_tried_again(shared, monkeypatch):
    assert found_by(shared, "uji", GOOD) == ()
    shared.close()
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert found_by(shared, "uji", GOOD) == ()
    with pytest.raises(SetupError, match="tidak dapat dimulai"):
        found_by(shared, "uji", GOOD | {"forms/uji/lain.schema.json": form()})


def test_a_child_that_ended_meanwhile_is_replaced(quick):
    assert found_by(quick, "uji", GOOD) == ()
    for child in children():
        child.kill()
        psutil.wait_procs([child])
    assert found_by(quick, "uji", GOOD | {"forms/uji/lain.schema.json": form()}) == ()


def test_the_child_knows_no_secret_of_the_office(quick, monkeypatch):
    monkeypatch.setenv("ALUR_DATABASE_URL", "postgresql://alur:rahasia@kantor/alur")
    before = children()
    assert found_by(quick, "uji", GOOD) == ()
    [child] = children() - before
    assert not any(name.startswith("ALUR_") for name in child.environ())


def test_no_child_outlives_a_server_that_was_killed():
    server = (
        "import sys, threading, time, psutil\n"
        "sys.modules['rfc3987_syntax'] = None\n"
        "from engine.service.authoring.validation import GATE\n"
        "from tests.service.test_trial import ENDLESS, GOOD\n"
        "GATE.tried('uji', GOOD)\n"
        "threading.Thread(target=GATE.tried, args=('uji', ENDLESS), daemon=True).start()\n"
        "GATE.tried('uji', GOOD | {'lain.json': b''})\n"
        "print(*[child.pid for child in psutil.Process().children()], flush=True)\n"
        "time.sleep(60)\n"
    )
    killed = subprocess.Popen([sys.executable, "-c", server], stdout=subprocess.PIPE, cwd=ROOT)
    left = [psutil.Process(int(pid)) for pid in killed.stdout.readline().split()]
    assert len(left) == 2, "one that tries something endless, and one that waits"
    killed.kill()
    killed.communicate()
    until(lambda: not any(child.is_running() for child in left), "the children have ended")


@ON_ONE_KIND
def test_nothing_of_a_procedure_that_cannot_run_is_deployed_and_the_workshop_says_the_same(office, quick):
    deployments = replace(office.services.deployments, gate=quick)
    designer = office.actor("perancang")
    before = office.services.deployments.all()
    with pytest.raises(InvalidProcedure) as refused:
        deployments.deploy(designer, "uji", ENDLESS, "uji", office.now)
    [finding] = refused.value.findings
    assert finding.rule == "trial_limit"
    assert office.services.deployments.all() == before
    studio = replace(office.services.studio, deployments=deployments)
    review = studio.review("uji", ENDLESS, office.now)
    assert not review.deployable
    assert [each.rule for each in review.findings] == ["trial_limit"]
    assert review.lanes == ()


def test_what_a_template_s_expressions_compute_is_computed_over_there_and_stopped_at_its_file(quick, tmp_path):
    functions = Functions(tmp_path)
    source = b'def lama(n):\n    """Menghitung tanpa akhir."""\n    while True:\n        n += 1\n'
    functions.keep(source)
    beside = {"nilai": {"a": "lama(1)"}, "laporan": {"judul": "Ringkasan"}}
    files = GOOD | {
        "processes/uji/functions.py": source,
        "forms/uji/documents/ringkas.typ": b"= Ringkasan",
        "forms/uji/documents/ringkas.json": json.dumps(beside).encode(),
    }
    [found] = found_by(quick, "uji", files, tmp_path)
    assert (found.rule, found.severity) == ("trial_limit", "error")
    assert (found.file, found.element_id) == ("forms/uji/documents/ringkas.json", None)
    harmless = files | {"forms/uji/documents/ringkas.json": json.dumps(beside | {"nilai": {"a": "1 + 1"}}).encode()}
    tried = quick.tried("uji", harmless, tmp_path)
    assert tried.findings == ()
    assert [(each.template, each.full, each.sure) for each in tried.specimens] == [
        ("ringkas", True, True),
        ("ringkas", False, True),
    ]
    assert json.loads(tried.specimens[0].data)["nilai"] == {"a": "2"}


@pytest.mark.parametrize("rows", ['["a", "b"]', '[{"target": "banyak"}]', "1"])
def test_a_chart_whose_rows_do_not_fit_it_is_drawn_without_them_and_keeps_nobody_from_deploying(shared, rows):
    beside = {"gambar": {"capaian": {"jenis": "batang", "judul": "Capaian", "baris": rows}}}
    beside |= {"laporan": {"judul": "Ringkasan"}}
    files = GOOD | {
        "forms/uji/documents/ringkas.typ": b"= Ringkasan",
        "forms/uji/documents/ringkas.json": json.dumps(beside).encode(),
    }
    tried = shared.tried("uji", files)
    assert tried.findings == ()
    for each in tried.specimens:
        assert not each.sure
        assert "Capaian" in each.charts["capaian.svg"]


def test_what_goes_wrong_in_a_trial_is_told_at_the_element_that_was_reached(tmp_path):
    told = []

    def reach(element):
        if element == "uji_a":
            raise RuntimeError("pipa putus")

    Validation("uji", GOOD, told.extend, reach, Functions(tmp_path)).run()
    assert [(each.rule, each.element_id) for each in told] == [("trial_fault", "uji_a")]


def test_a_halt_that_a_check_of_the_form_rules_out_keeps_nobody_from_deploying(shared):
    answer = {"type": "string", "title": "Keputusan", "enum": ["setuju", "kembalikan"]}
    alike = [
        {"expression": "nilai == satu", "message": "harus sama dengan yang pertama.", "en": "must equal the first."}
    ]
    nodes = dict.fromkeys("ab", ("manualTask", "", "")) | {"u": user(), "x": gateway(), "y": gateway()}
    nodes |= {"p": gateway("parallel"), "j": gateway("parallel")}
    ways = ["mulai > u", "u > p", "p > x", "p > y", "a > j", "b > j", "j > selesai"]
    ways += ['x > a: satu == "setuju"', "x > selesai", 'y > b: dua == "setuju"', "y > selesai"]
    files = procedure(process("uji", nodes, ways), forms=["uji_u"])
    halts = files | {"forms/uji/uji_u.schema.json": form(satu=answer, dua=answer)}
    assert "error" in {found.severity for found in found_by(shared, "uji", halts)}
    held = files | {"forms/uji/uji_u.schema.json": form(satu=answer, dua=answer | {"x-check": alike})}
    assert {found.severity for found in found_by(shared, "uji", held)} == {"warning"}
