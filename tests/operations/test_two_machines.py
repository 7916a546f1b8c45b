"""Two web machines that share nothing but the database and an S3 server; people do not notice which of them answers."""

import http.client
import json
import re
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from engine.store.files import FileStore
from engine.store.places import Folder, create, place_of
from engine.store.proof import prove
from engine.store.tables import attachment, document, rendering, signature, task
from tests.documents.certificates import LASTS, Authority, sign
from tests.operations.harness import PASSPHRASE, Browser, until
from tests.service.procedures import files, form, number, text

pytestmark = pytest.mark.xdist_group("s3")
PROCESS = "data_objects_hold_versions"
SOURCE = b'def dua_kali(n):\n    """Return twice *n*."""\n    return n * 2\n'
EVIDENCE = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n" + bytes(range(256))
STAFF = {"ann": "staf", "sam": "atasan", "operator": "operator"}
NEXT_YEAR = datetime.now(UTC) + LASTS
SECRETS = {"ALUR_KEY_SECRET": "ab" * 32, "ALUR_KEY_SECOND_FACTOR": "cd" * 32}


def letter():
    """A procedure whose letter has a computed number, evidence, a paper and a signature."""
    doubled = number("Ganda") | {"x-computed": "dua_kali(jumlah)"}
    section = {"isi": text("Isi"), "ganda": doubled, "bukti": text("Bukti") | {"format": "file"}}
    signed = {"type": "object", "format": "signature", "title": "Tanda tangan"}
    forms = {
        "mulai": form(jumlah=number("Jumlah")),
        "tulis": form(surat={"type": "object", "title": "Surat", "properties": section}),
        "periksa": form(baik_sekali={"type": "boolean", "title": "Baik"}, ttd=signed),
    }
    signs = json.dumps({"ttd": {"ui:options": {"document": "surat"}}}).encode()
    template = b'#import "/alur/naskah.typ": *\n#show: naskah\n#ambil(data, "isi")'
    beside = {"documents/surat.typ": template, "periksa.ui.json": signs}
    return {
        **files(PROCESS, forms),
        f"processes/{PROCESS}/functions.py": SOURCE,
        **{f"forms/{PROCESS}/{path}": content for path, content in beside.items()},
    }


@pytest.fixture
def machines(install, postgresql_url, s3, tmp_path):
    """Two machines; at the first, the operator deployed the procedure and a root that the office trusts."""
    for path, content in letter().items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    shared = {"ALUR_FILES": s3.prefix(), **s3.environment}
    facts = {"url": postgresql_url, "processes": tmp_path / "processes", "forms": tmp_path / "forms"}
    first, second = (install(name, settings=shared, **facts) for name in ("satu", "dua"))
    first.prepare(STAFF, deploy=())
    deployed = first.command("deploy", str(tmp_path / "processes" / PROCESS))
    assert deployed.returncode == 0, deployed.stderr
    first.serve()
    second.serve()
    return first, second


def at(machine, browser):
    """The same person with the same cookies, whom the load balancer leads to another machine."""
    return Browser(machine.port, cookies=browser.cookies)


def asked(browser, method, path, body=b"", **headers):
    """What a machine answers, in bytes."""
    connection = http.client.HTTPConnection("127.0.0.1", browser.port, timeout=60)
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    try:
        connection.request(method, path, body, {"Cookie": cookies, "Connection": "close", **headers})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def hand_in(browser, path, page, **handed):
    """Send files by the form of a page."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', browser.get(page).text)[1]
    parts = [f'--batas\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{token}\r\n'.encode()]
    for name, content in handed.items():
        head = f'--batas\r\nContent-Disposition: form-data; name="{name}"; filename="berkas.pdf"\r\n\r\n'
        parts += [head.encode(), content, b"\r\n"]
    body = b"".join([*parts, b"--batas--\r\n"])
    return asked(browser, "POST", path, body, **{"Content-Type": "multipart/form-data; boundary=batas"})


def started(browser):
    """An instance that somebody starts, with its first task."""
    there = browser.start(PROCESS, jumlah="21")
    assert there.status == 303, there
    return re.search(r"[0-9a-f-]{36}", there.location)[0]


def task_of(machine, browser, instance):
    """The open task of an instance, which somebody takes at a machine."""
    found = one(machine, select(task.c.id).where(task.c.instance_id == instance, task.c.status == "ready")).id
    taken = at(machine, browser).post(f"/tugas/{found}/ambil", {}, page=f"/tugas/{found}")
    assert taken.status == 303, taken
    return found


def completes(browser, work, **entries):
    """Complete a task by its page, which says what of it was seen."""
    page = browser.get(f"/tugas/{work}")
    shown = dict(re.findall(r'name="(_versi[^"]+)" value="([^"]+)"', page.text))
    done = browser.post(f"/tugas/{work}/selesai", {**shown, **entries}, page=f"/tugas/{work}")
    told = re.findall(r'class="(?:field-)?error[^>]*>([^<]+)', browser.get(done.location).text)
    assert done.location.endswith("/hasil"), (done.location, told)


def written(machine, other, ann):
    """An instance whose letter is written at *machine*, with evidence that was handed in at the *other*."""
    here, elsewhere = at(machine, ann), at(other, ann)
    instance = started(here)
    work = task_of(machine, ann, instance)
    status, said = hand_in(elsewhere, f"/tugas/{work}/berkas", f"/tugas/{work}", **{"surat.bukti": EVIDENCE})
    assert status == 200, said
    sent = {"surat.isi": "Dengan hormat", "surat.bukti": json.loads(said)["id"]}
    completes(here, work, **sent)
    assert asked(here, "GET", f"/lampiran/{sent['surat.bukti']}") == (200, EVIDENCE)
    return instance


def one(machine, query):
    with machine.database() as database, database.read() as reader:
        return reader.connection.execute(query).one()


def signed_at(machine, other, sam, instance, root):
    """What is kept of a certified signature that is handed in at one machine and validated at another."""
    of_it = select(document.c.id).where(document.c.instance_id == instance)
    status, paper = asked(at(machine, sam), "GET", f"/dokumen/{one(machine, of_it).id}.pdf")
    assert status == 200, paper
    work = task_of(machine, sam, instance)
    signed = {"ttd.file": sign(paper, root.signer("Sam", until=NEXT_YEAR))}
    status, said = hand_in(at(other, sam), f"/tugas/{work}/berkas", f"/tugas/{work}", **signed)
    assert status == 200, said
    given = {"ttd.mode": "certified", "ttd.file": json.loads(said)["id"]}
    completes(at(machine, sam), work, baik_sekali="true", **given)
    return one(machine, select(signature).where(signature.c.instance_id == instance))


def test_people_work_at_either_machine_and_find_there_what_they_did_at_the_other(machines, s3):
    first, second = machines
    root = Authority(until=NEXT_YEAR)
    create(place_of(first.settings["ALUR_FILES"], first.data), "trust/akar.pem", root.pem)
    ann, sam = first.sign_in("ann"), second.sign_in("sam")
    letters = written(first, second, ann), written(second, first, ann)
    for machine, other, instance in ((first, second, letters[0]), (second, first, letters[1])):
        kept = json.loads(one(machine, select(document.c.content).where(document.c.instance_id == instance))[0])
        assert kept["ganda"] in (42, "42"), "the functions that the operator deployed at the first machine"
        found = signed_at(machine, other, sam, instance, root)
        assert found.detail["trust"] == "trusted", "the root that lies where both find it"
        assert found.detail["contains_issued"]
    for machine in machines:
        kept = {path.relative_to(machine.data).parts[0] for path in machine.data.rglob("*") if path.is_file()}
        assert kept <= {"functions"}, "nothing of the office lies on one machine alone"
    verified = second.command("verify")
    assert verified.returncode == 0, verified.stderr


def test_while_the_s3_server_is_down_people_are_told_and_nothing_is_half_done(machines, s3):
    first, second = machines
    ann, sam = first.sign_in("ann"), second.sign_in("sam")
    instance = written(first, second, ann)
    evidence, count = select(attachment.c.id).limit(1), select(func.count()).select_from(attachment)
    until(lambda: one(first, select(func.count()).where(rendering.c.sha256.is_not(None)))[0], "the paper is printed")
    before = one(first, count)
    s3.stop()
    for machine in machines:
        status, said = asked(at(machine, ann), "GET", f"/lampiran/{one(first, evidence).id}")
        assert (status, b"Tempat simpan berkas" in said) == (503, True), said.decode()
        assert at(machine, ann).get("/tugas").status == 200, "what needs no file goes on"
    completes(at(second, sam), task_of(first, sam, instance), baik_sekali="")
    again = task_of(second, ann, instance)
    assert hand_in(at(first, ann), f"/tugas/{again}/berkas", f"/tugas/{again}", **{"surat.bukti": EVIDENCE})[0] == 503
    assert one(first, count) == before
    completes(at(first, ann), again, **{"surat.isi": "Sekali lagi"})
    printed = select(func.count()).where(rendering.c.format == "pdf", rendering.c.sha256.is_not(None))
    assert one(first, printed)[0] == 1
    s3.start()
    until(lambda: one(first, printed)[0] == 2, "the worker prints what waited")
    assert asked(at(second, ann), "GET", f"/lampiran/{one(first, evidence).id}") == (200, EVIDENCE)
    with first.database() as database, database.read() as reader:
        assert prove(reader, files=FileStore(place_of(first.settings["ALUR_FILES"], first.data))).sound


def test_an_office_of_one_machine_moves_to_the_server_with_one_command_and_keys_may_stay_in_the_environment(
    install, postgresql_url, s3
):
    office = install(url=postgresql_url)
    office.prepare(deploy=("surat",))
    FileStore(Folder(office.data)).put_bytes(EVIDENCE, 1 << 20)
    office.serve()
    ani = office.sign_in("ani")
    office.end()
    office.settings |= {"ALUR_FILES": s3.prefix(), **s3.environment}
    for _ in range(2):
        moved = office.command("copy-files")
        assert moved.returncode == 0, moved.stderr
        assert "3 berkas dibandingkan, 3 sama di s3://kantor/" in moved.stdout
    elsewhere = install("lain", url=postgresql_url, settings=office.settings)
    server = elsewhere.serve()
    assert at(elsewhere, ani).get("/tugas").status == 200, "who was signed in still is"
    saved = elsewhere.command("backup", str(office.data.parent / "kantor.alur"), ALUR_PASSPHRASE=PASSPHRASE)
    assert (saved.returncode, saved.stderr) == (0, "")
    assert server.stop() == 0
    left = [command for _, command in elsewhere.commands()]
    until(lambda: elsewhere.running() == [], f"whoever stops it finds nothing running, not {left}")
    assert "Traceback" not in server.said

    elsewhere.settings |= SECRETS
    elsewhere.serve()
    assert at(elsewhere, ani).get("/tugas").status == 303, "other keys, other cookies"
    assert elsewhere.sign_in("ani").get("/tugas").status == 200
    refused = elsewhere.command("verify", ALUR_KEY_SECRET="pendek")
    assert (refused.returncode, "ALUR_KEY_SECRET" in refused.stderr) == (2, True)
