"""Diagrams that other tools wrote: every reason why one does not run is said with its place and its mending.

Written by hand in the form in which SpiffArena, Camunda 7 and Camunda 8 write; ``tests/service`` runs what can run.
"""

from pathlib import Path

import pytest

from engine.bpmn.rules import Forms, check, vendor_extensions
from tests.bpmn.test_rules import written
from tests.places import placed

FOREIGN = Path(__file__).parent / "foreign"
LEAVE = "Process_permohonan_cuti_x7k2m9"
PROCESS_IDS = {
    LEAVE: LEAVE,
    "spiffarena_memanggil_layanan": "cuaca",
    "camunda7_izin": "izin",
    "camunda8_keluhan": "keluhan",
}
FORMS = {"permohonan": frozenset({"jumlah_hari", "alasan"}), "persetujuan": frozenset({"catatan"})}


@pytest.mark.parametrize("name", PROCESS_IDS)
def test_every_reason_is_said_with_its_place_and_its_mending(name: str) -> None:
    diagram = FOREIGN / f"{name}.bpmn"
    found = check({diagram.name: placed(diagram.read_bytes())}, PROCESS_IDS[name], Forms(FORMS))
    assert "".join(written(each) for each in found) == diagram.with_suffix(".txt").read_text()


def test_a_diagram_of_spiffarena_that_keeps_to_our_words_lacks_a_form_for_its_start_and_nothing_else() -> None:
    diagram = (FOREIGN / f"{LEAVE}.bpmn").read_bytes()
    found = check({"cuti.bpmn": diagram}, LEAVE, Forms(FORMS | {"StartEvent_1": frozenset()}))
    assert {each.rule for each in found} == {"id_spelling", "instructions_not_shown"}
    assert {each.severity for each in found} == {"warning"}


def test_whose_folder_has_another_name_is_told_how_they_meet() -> None:
    diagram = (FOREIGN / f"{LEAVE}.bpmn").read_bytes()
    [found] = [f for f in check({"cuti.bpmn": diagram}, "permohonan_cuti", None) if f.rule == "process_id"]
    assert LEAVE in found.message
    assert "permohonan_cuti" in found.mend


@pytest.mark.parametrize(
    ("text", "language", "ours"),
    [
        ("${approved}", "JUEL (${…})", "approved"),
        ("#{amount gt 5 && !paid}", "JUEL (${…})", "amount > 5 and not paid"),
        ("${state == 'a && b' or x}", "JUEL (${…})", "state == 'a && b' or x"),
        ("${penilai.pilih(berkas)}", "JUEL (${…})", None),
        ("${nrOfCompletedInstances == 2}", "JUEL (${…})", None),
        ("=x > 5", "FEEL (=…)", "x > 5"),
        ('= state = "ok" and done != true', "FEEL (=…)", 'state == "ok" and done != True'),
        ('=duration("PT1H")', "FEEL (=…)", "PT1H"),
        ("=if x then y else z", "FEEL (=…)", None),
        ("x == 5", None, None),
    ],
)
def test_a_condition_in_another_language_is_recognised_and_translated_where_that_is_plain(
    text: str, language: str | None, ours: str | None
) -> None:
    assert vendor_extensions.language_of(text) == language
    if language is not None:
        assert vendor_extensions.translated(text) == ours
