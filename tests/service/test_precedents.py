"""A form that looks at what earlier instances yielded: nobody types a figure twice."""

from engine.service.procedures.procedure import Values
from tests.service.procedures import deploy, form, number, text

PROCESS = "data_objects_hold_versions"
LOOKS_BACK = {
    "type": "number",
    "title": "Jumlah tahun ini sampai sekarang",
    "x-default": 'sum(kolom(kolom(terdahulu("surat", {"tahun": tahun}), "isi"), "jumlah"))',
    "readOnly": True,
}


def at_work(office):
    section = {
        "type": "object",
        "title": "Surat",
        "properties": {"jumlah": number("Jumlah"), "sebelumnya": LOOKS_BACK, "catatan": text("Catatan")},
    }
    deploy(
        office,
        PROCESS,
        {
            "mulai": form(tahun={"type": "integer", "title": "Tahun"}),
            "tulis": form(surat=section),
            "periksa": form(baik_sekali={"type": "boolean", "title": "Baik"}),
        },
    )
    return office


def run(office, year, amount, *, until_the_end=True):
    office.later(minutes=1)
    services = office.services
    instance = services.starts.start(office.actor("ann"), PROCESS, Values({"tahun": year}), office.now)
    for version in (amount - 1, amount) if until_the_end else (amount,):  # the first version is never enough
        services.tasks.complete(
            office.actor("ann"), office.task(instance, "tulis"), Values({"surat": {"jumlah": version}}), office.now
        )
        if until_the_end:
            services.tasks.complete(
                office.actor("sam"), office.task(instance, "periksa"), Values({"baik_sekali": True}), office.now
            )
    return instance


def looked_up(office, instance):
    newest = max(office.page(instance).all_documents, key=lambda document: document.version)
    return office.services.documents.view(office.actor("auditor"), newest.id).content["sebelumnya"]


def test_a_second_quarter_finds_the_first_of_its_year(staffed):
    office = at_work(staffed)
    assert looked_up(office, run(office, 2025, 10)) == 0
    assert looked_up(office, run(office, 2025, 5)) == 10, "the last version of the first counts, and it alone"
    assert looked_up(office, run(office, 2026, 7)) == 0, "another year has another sum"
    assert looked_up(office, run(office, 2025, 1)) == 15


def test_what_is_not_completed_or_was_terminated_does_not_count(staffed):
    office = at_work(staffed)
    run(office, 2025, 10, until_the_end=False)
    lost = run(office, 2025, 20, until_the_end=False)
    office.services.control.terminate(office.actor("operator"), lost, "Salah tahun", office.now)
    assert looked_up(office, run(office, 2025, 5)) == 0


def test_what_was_looked_up_stays_as_it_was_read(staffed):
    office = at_work(staffed)
    first = run(office, 2025, 10)
    second = run(office, 2025, 5)
    run(office, 2025, 100)
    assert (looked_up(office, first), looked_up(office, second)) == (0, 10)


def test_an_instance_that_never_had_such_a_document_yields_none(staffed):
    office = at_work(staffed)
    run(office, 2025, 10)
    at = office.services.office.precedents
    assert [each["isi"]["jumlah"] for each in at.documents(PROCESS, office.now, "surat", {"tahun": 2025})] == [10]
    assert at.documents(PROCESS, office.now, "lampiran", {"tahun": 2025}) == []
