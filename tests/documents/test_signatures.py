"""What is found of a PDF's signatures, and which files are not taken: certificates and signatures made in the test."""

import io
import zlib
from datetime import timedelta

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer

from engine.documents import signatures
from engine.documents.signatures import BSRE, SignatureRefused, roots, validate
from tests.documents.certificates import SIGNED_AT, Authority, authority, paper, sign

HEAD, SECRETARY = "Kepala Dinas", "Sekretaris"


@pytest.fixture(scope="module")
def known():
    """An authority whose certificate the operator trusts."""
    return authority()


@pytest.fixture(scope="module")
def signed(known):
    """A report that the head signed."""
    return sign(paper(), known.signer(HEAD))


def found(content, *trusted, now=SIGNED_AT):
    return validate(content, [each.der for each in trusted], now)


def refusal(content, *trusted):
    with pytest.raises(SignatureRefused) as refused:
        found(content, *trusted)
    return refused.value.reason, refused.value.signer


def test_a_signature_of_a_known_issuer_says_who_signed_and_who_vouches(signed, known):
    answer = found(signed, known)
    assert (answer["trust"], answer["bsre"]) == ("trusted", False)
    [one] = answer["signatures"]
    assert (one["signer"], one["organization"], one["issuer"]) == (HEAD, "Dinas Contoh", "Otoritas Uji")


def test_a_signature_of_an_issuer_that_nobody_vouched_for_is_intact_and_no_more(signed):
    assert found(signed)["trust"] == "unknown"
    assert found(signed, Authority("Otoritas Uji"))["trust"] == "unknown", "another key under the same name"


def test_a_certificate_that_was_over_when_the_file_came_is_told_apart_from_an_unknown_one(known):
    late = sign(paper(), known.signer(HEAD, until=SIGNED_AT - timedelta(days=1)))
    assert found(late, known)["trust"] == "expired"


def test_one_changed_byte_is_seen_and_whose_signature_it_breaks(signed, known):
    assert refusal(signed.replace(b"Laporan", b"Lapuran"), known) == ("changed", HEAD)


@pytest.mark.parametrize("more", [b"\n", b"\n% catatan", b"\x00" * 200])
def test_bytes_after_the_last_signature_are_refused_although_it_stays_valid(signed, known, more):
    assert refusal(signed + more, known) == ("appended", HEAD)


def test_two_people_may_sign_one_after_the_other(signed, known):
    both = sign(signed, known.signer(SECRETARY), "TandaTangan2")
    answer = found(both, known)
    assert [one["signer"] for one in answer["signatures"]] == [HEAD, SECRETARY]
    mixed = sign(signed, authority("Otoritas Lain").signer(SECRETARY), "TandaTangan2")
    assert found(mixed, known)["trust"] == "unknown", "the weakest of them counts"


def test_a_page_that_was_changed_between_two_signatures_is_refused(signed, known):
    stamped = sign(_with_other_page(signed), known.signer(SECRETARY), "TandaTangan2")
    assert refusal(stamped, known) == ("changed", HEAD)


def _with_other_page(content):
    writer = IncrementalPdfFileWriter(io.BytesIO(content))
    page, _ = writer.find_page_for_modification(0)
    page.get_object()["/Contents"] = writer.add_object(generic.StreamObject(stream_data=b"BT (Palsu) Tj ET"))
    writer.update_container(page.get_object())
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_a_file_that_is_no_signed_pdf_is_refused_for_what_it_is(signed, known):
    assert refusal(paper()) == ("unsigned", "")
    assert refusal(b"PK\x03\x04 bukan PDF") == ("not_pdf", "")
    assert refusal(b"") == ("not_pdf", "")
    assert refusal(signed[: len(signed) // 2], known)[0] == "broken"
    assert refusal(signed[:-2000], known)[0] in ("broken", "unsigned")
    assert refusal(_encrypted()) == ("encrypted", "")


def _encrypted():
    writer = copy_into_new_writer(PdfFileReader(io.BytesIO(paper())))
    writer.encrypt("pemilik", "pembaca")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_a_file_that_would_exhaust_its_reader_ends_a_child_and_not_us(signed, monkeypatch):
    monkeypatch.setattr(signatures, "LARGEST", len(signed) - 1)
    assert refusal(signed) == ("too_large", "")
    monkeypatch.undo()

    assert refusal(_swelling()) == ("exhausting", "")


def _swelling():
    """A PDF of some kilobytes whose table of contents grows to four gigabytes when it is opened."""
    megabytes = 4096
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    one = squeeze.compress(bytes(1 << 20)) + squeeze.flush(zlib.Z_FULL_FLUSH)
    checksum = (((megabytes << 20) % 65521) << 16 | 1).to_bytes(4, "big")
    table = zlib.compress(b"\x78\xda" + one * megabytes + squeeze.flush() + checksum, 9)
    head = b"%PDF-1.7\n"
    return (
        head
        + b"1 0 obj\n<</Type/XRef/Size 2/W[1 4 1]/Root 2 0 R/Filter[/FlateDecode/FlateDecode]/Length %d>>\nstream\n"
        % len(table)
        + table
        + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % len(head)
    )


def test_only_a_trusted_certificate_of_the_governments_issuer_earns_its_footer(known):
    government = authority("OSD KEMENTERIAN", BSRE)
    of_government = sign(paper(), government.signer(HEAD))
    assert found(of_government, government)["bsre"]
    assert not found(of_government, known)["bsre"], "whoever claims the name is not believed"
    both = sign(of_government, known.signer(SECRETARY), "TandaTangan2")
    assert not found(both, government, known)["bsre"]


def test_the_operators_folder_holds_roots_as_pem_or_der_and_what_is_none_is_left_out(tmp_path, known):
    (tmp_path / "akar.pem").write_bytes(known.pem + authority("Otoritas Lain").pem)
    (tmp_path / "akar.crt").write_bytes(known.der)
    (tmp_path / "rusak.pem").write_bytes(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    (tmp_path / "catatan.txt").write_text("bukan sertifikat")
    names = [path.name for path in tmp_path.iterdir()]
    found = roots(names, lambda name: (tmp_path / name).read_bytes())
    assert sorted(found) == sorted([known.der, known.der, authority("Otoritas Lain").der])
    assert roots([], bytes) == []
