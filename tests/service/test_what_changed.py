"""Two versions of a document side by side: replaced evidence is told by its hash, rows by what they are of."""

import hashlib
import io

import pytest

from engine.forms.shown import FileView, Shown
from engine.model.errors import NotFound
from engine.service.papers.differences import differences
from engine.service.procedures.procedure import INDONESIAN
from tests.office import returned

HOLDER = "pemegang.data.1"


def shown(rows, key=None):
    """A table of indicator and figure."""
    cells = tuple(
        tuple(
            Shown(f"t.{n}.{name}", "text", name, text=text) for name, text in zip(("kode", "nilai"), row, strict=True)
        )
        for n, row in enumerate(rows)
    )
    return [Shown("t", "table", "Baris", columns=("kode", "nilai"), rows=cells, key=key)]


def changed(old, new):
    return [(one.label, one.before, one.after) for one in differences(old, new) if one.changed]


def test_evidence_that_was_replaced_under_its_old_name_is_a_change(office):
    office.explains = True
    instance = office.start()
    office.until_analysis(instance)
    office.do("tim.sakip", instance, "susun_analisis", **returned(HOLDER))
    task, other = office.task(instance, "siapkan_data"), b"%PDF-1.7\n2 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
    at = office.services.documents
    staged = at.stage(office.actor(HOLDER), task, "bukti.pdf", io.BytesIO(other), office.now)
    office.do(HOLDER, instance, "siapkan_data", HOLDER, draft_laporan__baris__0__bukti=["", staged.id])
    reports = [v for v in office.page(instance).all_documents if v.data_object_id == "draft_laporan"]
    found = at.compare(office.actor("auditor"), reports[0].id, reports[1].id, INDONESIAN).differences
    (one,) = [each for each in found if each.changed and "pdf" in str(each.after)]
    assert "IKU-01" in one.label
    assert "bukti.pdf" in one.before
    assert hashlib.sha256(other).hexdigest() in one.after
    assert hashlib.sha256(other).hexdigest() not in one.before


def test_two_different_documents_are_not_compared(office):
    first, second = office.start(), office.start(period="II")
    for instance in (first, second):
        office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    one, other = (office.page(instance).documents[0].id for instance in (first, second))
    with pytest.raises(NotFound):
        office.services.documents.compare(office.actor("auditor"), one, other, INDONESIAN)


def test_the_same_bytes_handed_over_again_are_no_change():
    def file(id_, sha256):
        view = FileView(id_, "bukti.pdf", "1 kB", sha256, "application/pdf")
        return [Shown("bukti", "files", "Bukti", files=(view,))]

    assert not changed(file("a", "1" * 64), file("b", "1" * 64))
    assert changed(file("a", "1" * 64), file("b", "2" * 64))


def test_rows_are_matched_by_their_key_wherever_they_stand():
    old, new = [("A", "1"), ("B", "2"), ("C", "3")], [("C", "3"), ("A", "1"), ("B", "9")]
    assert changed(shown(old, 0), shown(new, 0)) == [("Baris B · nilai", "2", "9")]
    twice = [("A", "1"), ("A", "2")]
    assert changed(shown(twice, 0), shown([("A", "1")], 0)) == [
        ("Baris A (2) · kode", "A", None),
        ("Baris A (2) · nilai", "2", None),
    ]


def test_a_row_put_in_between_changes_no_other_where_there_is_no_key():
    old, new = [("A", "1"), ("B", "2")], [("A", "1"), ("X", "7"), ("B", "2")]
    assert changed(shown(old), shown(new)) == [("Baris 2 · kode", None, "X"), ("Baris 2 · nilai", None, "7")]
    assert changed(shown(new), shown(old)) == [("Baris 2 · kode", "X", None), ("Baris 2 · nilai", "7", None)]


def test_values_of_the_same_label_are_told_apart_and_parts_by_their_persons():
    def part(person, text):
        fields = tuple(Shown(f"bagian.{person}.{n}", "text", "Catatan", text=text) for n in ("satu", "dua"))
        return Shown(f"bagian.{person}", "section", person, fields=fields)

    old, new = [part("a.1", "x"), part("a.2", "y")], [part("a.2", "z"), part("a.1", "x")]
    assert changed(old, new) == [("a.2 · Catatan", "y", "z")] * 2
    assert changed([], [part("a.1", "x")]) == [("a.1 · Catatan", None, "x")] * 2
