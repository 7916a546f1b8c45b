"""Notes mention people, who are told in the same commit; files join an instance outside its forms."""

import io
import re

import pytest

from engine.model.errors import NotFound, NotPermitted
from engine.model.notices import Kind
from engine.service.papers.uploads import UploadRefused
from tests.papers import PICTURE
from tests.telling.office import swept

PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


@pytest.fixture
def instance(office):
    started = office.start()
    office.until_data(started)
    return started


def mentioned(office, account):
    swept(office)
    found, _ = office.services.notices.list(office.actor(account))
    return [told.notice for told in found if told.notice.kind is Kind.MENTIONED]


def test_who_is_mentioned_and_may_see_the_instance_is_told_and_others_are_named_to_the_writer(office, instance):
    office.hire("arsiparis", "arsip")
    say = office.services.control.comment
    text = "Mohon @pemegang.data.1 dan @Sekretaris, juga @arsiparis dan @tidak.ada; surel kantor@auditor. @tim.sakip"
    unseen = say(office.actor("tim.sakip"), instance, text, office.now)
    assert unseen == ("arsiparis", "tidak.ada")
    told = [mentioned(office, account) for account in ("pemegang.data.1", "sekretaris")]
    assert [[(each.by, each.reason) for each in own] for own in told] == [[("tim.sakip", text)]] * 2
    assert mentioned(office, "arsiparis") == mentioned(office, "auditor") == mentioned(office, "tim.sakip") == []


def test_a_note_names_no_task_of_another_instance(office, instance):
    other = office.start(period="II")
    foreign, say = office.task(other, "perintahkan_pengumpulan_data"), office.services.control.comment
    for task in (foreign, "bukan-tugas"):
        with pytest.raises(NotFound):
            say(office.actor("kepala.dinas"), instance, "Mohon @sekretaris", office.now, task)
    assert not office.page(instance).comments
    assert not mentioned(office, "sekretaris")


def test_a_note_on_a_task_says_so_in_its_line(office, instance):
    task = office.task(instance, "siapkan_data", "pemegang.data.1")
    office.services.control.comment(office.actor("pemegang.data.1"), instance, "Kurang satu bukti.", office.now, task)
    assert [each[2:] for each in office.page(instance).comments] == [("Kurang satu bukti.", "siapkan_data")]


def test_a_file_joins_an_instance_for_all_who_see_it_and_the_archive_and_its_line_holds_it(office, instance):
    documents, actor = office.services.documents, office.actor
    added = documents.add(actor("tim.sakip"), instance, "notulen.pdf", io.BytesIO(PDF), office.now)
    assert [file.name for file in office.page(instance).files] == ["notulen.pdf"]
    file, content = documents.attachment(actor("pemegang.data.2"), added.id)
    with content:
        assert (file.name, content.read()) == ("notulen.pdf", PDF)
    office.hire("arsiparis", "arsip")
    with pytest.raises(NotFound):
        documents.attachment(actor("arsiparis"), added.id)
    with pytest.raises(NotFound):
        documents.add(actor("arsiparis"), instance, "x.pdf", io.BytesIO(PDF), office.now)
    with pytest.raises(NotPermitted):
        documents.add(actor("auditor"), instance, "x.pdf", io.BytesIO(PDF), office.now)
    with pytest.raises(UploadRefused):
        documents.add(actor("tim.sakip"), instance, "x.pdf", io.BytesIO(b"MZ\x90\0 program"), office.now)
    office.prove()


def test_photographs_of_a_paper_become_one_pdf_and_what_is_no_picture_does_not(office, instance):
    documents, team = office.services.documents, office.actor("tim.sakip")
    pictures = [io.BytesIO(PICTURE), io.BytesIO(PICTURE)]
    added = documents.add_photographs(team, instance, "foto.pdf", pictures, office.now)
    file, content = documents.attachment(team, added.id)
    with content:
        pdf = content.read()
    assert (file.media_type, pdf[:5], len(re.findall(rb"/Type\s*/Page\b", pdf))) == ("application/pdf", b"%PDF-", 2)
    with pytest.raises(UploadRefused):
        documents.add_photographs(team, instance, "foto.pdf", [io.BytesIO(PDF)], office.now)
    with pytest.raises(UploadRefused):
        documents.add_photographs(team, instance, "foto.pdf", [io.BytesIO(PICTURE[:60])], office.now)
