"""Two procedures that look nothing like the SOP: a licence is inspected, paid and numbered; a patient is treated."""

import pytest

from engine.model.process import InstanceStatus, MessageKind
from tests.service.procedures import Case, deploy, form, number, text

NOTHING = form()
YES = {"type": "boolean", "title": "Ya?"}
TEXTS = {"type": "array", "title": "Daftar", "items": {"type": "string"}}

LICENCE, TREASURER, PATIENT = "licence_is_issued", "treasurer_takes_the_money", "patient_is_treated"
LICENCE_FORMS = {
    "mulai": form(nomor=text("Nomor"), luas=number("Luas")),
    "tinjau_lapangan": form(lokasi_layak=YES),
    **dict.fromkeys(("periksa_berkas", "tolak", "batalkan", "beri_nomor", "arsipkan"), NOTHING),
}


@pytest.fixture
def licences(staffed):
    """An office whose treasurer waits for a bill."""
    deploy(staffed, TREASURER, {"mulai": NOTHING, "terima_uang": form(kuitansi=text("Kuitansi"))})
    return staffed


def apply(office, number_="7", area=120):
    return Case(office, LICENCE, LICENCE_FORMS, {"nomor": number_, "luas": area})


def test_a_licence_is_inspected_paid_numbered_and_announced(licences):
    case = apply(licences)
    assert case.open == ["periksa_berkas", "tinjau_lapangan"]
    assert case.waits(hours=8).open == ["ingatkan_pemeriksa", "periksa_berkas", "tinjau_lapangan"]
    case.does("ingatkan_pemeriksa").does("tinjau_lapangan", lokasi_layak=True).does("periksa_berkas")
    assert (case.open, case.status) == ([], InstanceStatus.WAITING)
    [timer] = licences.page(case.id).timers
    assert timer.element_id == "tunggu"
    treasurer = Case(licences, TREASURER, {"terima_uang": form(kuitansi=text("Kuitansi"))})
    assert treasurer.sweep() == 1, "the bill waited for the treasurer"
    treasurer.does("terima_uang", kuitansi="K-1")
    assert treasurer.ended()
    assert case.sweep() == 1
    assert case.open == ["beri_nomor"]
    assert licences.page(case.id).timers == ()
    assert case.does("beri_nomor").does("serahkan").ended()
    assert case.lines("message:received") == [("sistem", "tunggu")], "where both were waited for"
    assert case.lines("message:sent") == [("sistem", None)] * 2, "the bill, and the announcement at the end"
    assert case.lines("timer:fired") == [("sistem", "berkas_lambat")]


def test_an_unfit_site_ends_everything_else(licences):
    case = apply(licences).does("tinjau_lapangan", lokasi_layak=False)
    assert case.open == ["periksa_berkas", "tolak"]
    assert case.does("tolak").ended()
    assert case.lines("task:completed") == [("sam", "tinjau_lapangan"), ("sam", "tolak")]


def test_who_does_not_pay_in_time_loses_the_application(licences):
    case = apply(licences, area=50).does("periksa_berkas").does("tinjau_lapangan", lokasi_layak=True)
    assert case.waits(days=14).open == ["batalkan"]
    assert case.does("batalkan").ended()


def test_a_payment_for_another_licence_moves_nothing(licences):
    cases = [apply(licences, number_) for number_ in ("7", "8")]
    for case in cases:
        case.does("periksa_berkas").does("tinjau_lapangan", lokasi_layak=True)
    publish = licences.services.messages.publish
    key = {"perkara": {"nomor_perkara": "8"}}
    publish(licences.actor("operator"), "pembayaran", MessageKind.MESSAGE, {"nomor": "8"}, key, licences.now)
    assert cases[0].sweep() == 1
    assert [case.open for case in cases] == [[], ["beri_nomor"]]


def test_a_withdrawn_application_goes_straight_to_the_archive(licences):
    case = apply(licences).hears("pencabutan")
    assert case.open == ["arsipkan"]
    assert case.does("arsipkan").ended()


@pytest.fixture
def ward(staffed):
    """An office that treats patients."""
    return Case(
        staffed,
        PATIENT,
        {
            "mulai": form(pakai_jaminan=YES, perawat=TEXTS),
            "periksa_pasien": form(belum_pasti=YES),
            "ajukan_klaim": form(klaim_diterima=YES),
            **dict.fromkeys(("tindak", "datang_sebagai_ahli", "selamatkan", "bayar_sendiri", "pulangkan"), NOTHING),
        },
        {"pakai_jaminan": True, "perawat": ["ann", "sam"]},
    )


def test_a_patient_is_examined_treated_in_turn_and_insured(ward):
    assert ward.open == ["ajukan_klaim", "periksa_pasien"]
    ward.does("periksa_pasien", belum_pasti=True).does("periksa_pasien", belum_pasti=False)
    assert ward.open == ["ajukan_klaim", "datang_sebagai_ahli", "tindak/ann"]
    assert ward.does("tindak", "ann").open == ["ajukan_klaim", "datang_sebagai_ahli", "tindak/sam"]
    ward.does("tindak", "sam", account="sam").does("ajukan_klaim", klaim_diterima=True)
    assert ward.open == ["datang_sebagai_ahli", "pulangkan"]
    assert ward.does("datang_sebagai_ahli").does("pulangkan").ended()


def test_an_emergency_ends_the_treatment_and_a_refused_claim_only_the_claim(ward):
    assert ward.hears("gawat").open == ["ajukan_klaim", "selamatkan"]
    assert ward.does("ajukan_klaim", klaim_diterima=False).open == ["bayar_sendiri", "selamatkan"]
    ward.does("selamatkan").does("bayar_sendiri")
    assert ward.open == ["pulangkan"]
    assert ward.does("pulangkan").ended()
