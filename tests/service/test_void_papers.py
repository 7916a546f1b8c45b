"""A letter of an instance that was terminated binds nobody, whoever asks about it and wherever."""

import io
import json

import pytest

from engine.model.errors import Conflict
from engine.model.work import DocumentStatus
from engine.service.history.timelines import HistoryFilter
from tests.office import returned
from tests.papers import PICTURE
from tests.service.test_printing import document, paper, rendering
from tests.service.test_signing import file, given, signing_letter

WHY = "Rapat dibatalkan karena salah periode"


def terminate(office, instance):
    office.services.control.terminate(office.actor("operator"), instance, WHY, office.now)


def asked(office, code):
    return office.services.verification.by_code(code, "10.0.0.1", office.now)


def test_who_asks_about_its_code_or_its_file_is_told_that_it_is_void(office):
    instance = office.start()
    office.until_data(instance)
    letter = document(office, instance, "undangan")
    content, code = paper(office, letter)[2], rendering(office, letter).code
    assert asked(office, code).standing == "valid"
    terminate(office, instance)
    assert asked(office, code).standing == "void"
    assert office.services.verification.by_file(io.BytesIO(content), "10.0.0.1", office.now).standing == "void"
    assert paper(office, letter)[2] == content, "what went out stays as evidence"


def test_every_version_is_void_and_history_says_which_letters_and_why(office):
    instance = office.start()
    office.until_analysis(instance)
    office.do("tim.sakip", instance, "susun_analisis", **returned("pemegang.data.2"))
    office.do("pemegang.data.2", instance, "siapkan_data", "pemegang.data.2")
    replaced = document(office, instance, "draft_laporan", 1)
    paper(office, replaced)
    terminate(office, instance)
    every = office.page(instance).all_documents
    assert {each.status for each in every} == {DocumentStatus.VOID}
    assert asked(office, rendering(office, replaced).code).standing == "void", "not: replaced by one that counts"
    filter_ = HistoryFilter(action="document:voided")
    lines = office.services.histories.of_instance(office.actor("auditor"), instance, filter_).lines
    told = [json.loads(line.change) for line in lines]
    assert {each["data_object"] for each in told} == {each.data_object_id for each in every}
    assert {each["reason"] for each in told} == {WHY}


def test_no_scan_of_a_signature_makes_it_valid_again(office):
    instance = signing_letter(office, "tulis")
    ann, task = office.actor("ann"), office.task(instance, "tulis")
    office.services.tasks.complete(ann, task, {"surat.isi": ["satu"], "ttd.mode": ["wet"]}, office.now)
    letter = document(office, instance, "surat")
    [waiting] = given(office, letter, "ann")
    assert waiting.may_file
    terminate(office, instance)
    [waiting] = given(office, letter, "ann")
    assert not waiting.may_file
    with pytest.raises(Conflict) as refused:
        file(office, letter, "pindaian.png", PICTURE, "ann")
    assert (refused.value.reason, refused.value.facts["why"]) == ("terminated", WHY)
    assert document(office, instance, "surat").status is DocumentStatus.VOID
