"""A small procedure that archives: a letter with its evidence, written, sent back once, approved and filed."""

import io
import json
import re
import subprocess
import zipfile

from tests.service.procedures import PEOPLE, files, form, text
from tests.swept import swept

PROCESS = "data_objects_hold_versions"
PLACE = {"simpan.ruang": "Arsip", "simpan.boks": "14", "tanggal": "11/4/2025", "petugas": "ann"}
EVIDENCE = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
TEMPLATE = b'#import "/alur/naskah.typ": *\n#show: naskah\n#ambil(data, "isi")'


def procedure():
    """Its files: the approval asks where the manual copy is, outside of any document."""
    letter = {"type": "object", "properties": {"isi": text("Isi"), "bukti": text("Bukti") | {"format": "file"}}}
    place = {"type": "object", "properties": {"ruang": text("Ruang"), "boks": text("Boks")}, "required": ["ruang"]}
    approval = json.loads(
        form(
            baik_sekali={"type": "boolean", "title": "Baik"},
            simpan=place | {"title": "Tempat simpan"},
            tanggal=text("Tanggal simpan") | {"format": "date"},
            petugas=text("Petugas") | {"format": "person"},
        )
    )
    approval["required"] = ["simpan", "tanggal", "petugas"]
    words = {"simpan": "place", "tanggal": "filedOn", "petugas": "filedBy"}
    shown = {name: {"ui:options": {"archive": word}} for name, word in words.items()}
    forms = {"tulis": form(surat=letter), "periksa": json.dumps(approval).encode()}
    return files(PROCESS, forms) | {
        f"forms/{PROCESS}/periksa.ui.json": json.dumps(shown).encode(),
        f"forms/{PROCESS}/documents/surat.typ": TEMPLATE,
    }


def deploy(office):
    """Deploy it in an office whose lanes have people."""
    office.services.deployments.deploy(office.actor("perancang"), PROCESS, procedure(), "uji", office.now)


def do(office, instance, element, **entries):
    """Complete a step as whoever has it."""
    task = office.task(instance, element)
    account = PEOPLE[office.page(instance).procedure.outline.task(element).role]
    typed = {path: [text] for path, text in entries.items()}
    office.services.tasks.complete(office.actor(account), task, typed, office.now)
    return account


def completed(office):
    """An instance that reached its end, in two rounds; its papers are not printed yet."""
    instance = office.services.starts.start(office.actor("ann"), PROCESS, {}, office.now)
    for round_ in (1, 2):
        task = office.task(instance, "tulis")
        kept = office.services.documents.stage(
            office.actor("ann"), task, "bukti 1.pdf", io.BytesIO(EVIDENCE), office.now
        )
        do(office, instance, "tulis", **{"surat.isi": f"Halo {round_}", "surat.bukti": kept.id})
        office.later(minutes=7)
        do(office, instance, "periksa", baik_sekali="ya", **PLACE)
    assert office.open_steps(instance) == []
    return instance


def archived(office):
    """An instance whose berkas is built."""
    instance = completed(office)
    swept(office.services.printing, office.now)
    assert swept(office.services.archives, office.now) == 1
    return instance


def by_hand(path, folder):
    """What the commands in a berkas say, one after the other, when a newcomer runs them in the folder it unpacks to."""
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)
        top = folder / archive.namelist()[0].partition("/")[0]
    commands = re.findall(r"(?:^    (?:  )?\S.*\n)+", (top / "LIHAT-DAHULU.txt").read_text(), re.MULTILINE)
    run = [
        subprocess.run(["bash", "-c", each], cwd=top, capture_output=True, text=True, check=False) for each in commands
    ]
    return [done.stdout + done.stderr for done in run]
