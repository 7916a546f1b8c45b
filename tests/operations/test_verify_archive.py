"""`alur verify --archive`: whoever has the ZIP checks it alone, and every kind of tampering is named."""

import hashlib
import json
import random
import re
import zipfile

import pytest
from click.testing import CliRunner

from engine.cli import main
from engine.documents.archive_check import inspect
from engine.store.database import open_database
from engine.store.schema import migrate
from tests.office import OfficeAtWork
from tests.service import archiving
from tests.service.procedures import PEOPLE
from tests.swept import swept

pytestmark = pytest.mark.xdist_group("archive")  # they read one berkas
HISTORY, HASHES = "data/riwayat/riwayat.jsonl", "data/riwayat/sidik.txt"


@pytest.fixture(scope="module")
def berkas(tmp_path_factory):
    """A berkas of a small office, as it was downloaded."""
    data_dir = tmp_path_factory.mktemp("kantor")
    database = open_database(None, data_dir)
    migrate(database)
    office = OfficeAtWork(database, data_dir)
    staff = {account: role for role, account in PEOPLE.items()}
    for account, role in (staff | {name: name for name in ("auditor", "operator")} | {"perancang": "designer"}).items():
        office.hire(account, role)
    archiving.deploy(office)
    _, stream = office.services.archives.take(office.actor("auditor"), archiving.archived(office), office.now)
    path = data_dir / "berkas.zip"
    with stream:
        path.write_bytes(stream.read())
    database.close()
    return path


def checked(path):
    """Return the exit code and everything that was said."""
    done = CliRunner().invoke(main, ["verify", "--archive", str(path)])
    assert not done.exception or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


class Forger:
    """Somebody who unpacks a berkas, changes it, and packs it again."""

    def __init__(self, path, target):
        self.target = target
        with zipfile.ZipFile(path) as archive:
            self.top = archive.namelist()[0].partition("/")[0]
            self.files = {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}

    def one(self, pattern):
        """The first path of that kind."""
        return next(path for path in sorted(self.files) if re.fullmatch(pattern, path))

    def sign(self):
        """Write the manifests anew, so that only what stands behind them tells."""
        listed = {path: hashlib.sha256(content).hexdigest() for path, content in self.files.items()}
        payload = {path: digest for path, digest in listed.items() if path.startswith("data/")}
        self.files["manifest-sha256.txt"] = self.lines(payload)
        oxum = f"Payload-Oxum: {sum(len(self.files[path]) for path in payload)}.{len(payload)}"
        self.files["bag-info.txt"] = re.sub(rb"Payload-Oxum: .*", oxum.encode(), self.files["bag-info.txt"])
        tags = [path for path in self.files if not path.startswith(("data/", "tagmanifest"))]
        self.files["tagmanifest-sha256.txt"] = self.lines(
            {path: hashlib.sha256(self.files[path]).hexdigest() for path in tags}
        )
        return self

    def anew(self, change):
        """What is said when the chain was computed anew, with what *change* makes of its lines."""
        chain, hashes, head = [], [], json.loads(self.files[HISTORY].splitlines()[0])["previous_hash"]
        for number, written in enumerate(self.files[HISTORY].splitlines(), start=1):
            line = change(json.loads(written)) | {"previous_hash": head}
            text = json.dumps(line, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
            head = hashlib.sha256(text).hexdigest()
            chain.append(text + b"\n")
            hashes.append(f"{head}  {number}\n".encode())
        self.files |= {HISTORY: b"".join(chain), HASHES: b"".join(hashes)}
        info = self.files["bag-info.txt"]
        self.files["bag-info.txt"] = re.sub(rb"Alur-Riwayat-Sidik: .*", f"Alur-Riwayat-Sidik: {head}".encode(), info)
        return checked(self.sign().pack())

    def lines(self, listed):
        return "".join(f"{digest}  {path}\n" for path, digest in sorted(listed.items())).encode()

    def pack(self, **options):
        with zipfile.ZipFile(self.target, "w", **options) as archive:
            for path, content in self.files.items():
                archive.writestr(f"{self.top}/{path}", content)
        return self.target


@pytest.fixture
def forger(berkas, tmp_path):
    """Take the berkas apart."""
    return Forger(berkas, tmp_path / "palsu.zip")


def test_a_berkas_as_it_was_built_is_sound_and_what_that_proves_is_said(berkas):
    code, said = checked(berkas)
    assert code == 0, said
    assert "Utuh. Terbukti:" in said
    assert "Tidak terbukti: bahwa berkas ini yang dibuat kantor" in said
    assert "Berkas pemeriksaan yang diambil auditor dibuat baru setiap kali" in said, "the page has another file's hash"
    assert hashlib.sha256(berkas.read_bytes()).hexdigest() in said


def test_the_commands_that_lie_in_it_prove_the_same_without_alur(berkas, tmp_path):
    files, chain, names, contents = archiving.by_hand(berkas, tmp_path)
    assert set(re.findall(r": (\w+)$", files, re.MULTILINE)) == {"OK"}
    assert re.fullmatch(r"Alur-Riwayat-Sidik: [0-9a-f]{64}\n", chain)
    assert re.findall(r'(\d+) baris: .*"value":"(\w+)"', names), "somebody acted"
    for counted in (names, contents):
        assert counted.count(" baris: ") == len(re.findall(r"^[1-9]\d* baris: ", counted, re.MULTILINE)) > 0


def test_those_commands_name_a_changed_line_a_changed_name_and_a_changed_document(forger, tmp_path):
    for path, old, new in (
        (HISTORY, b'"actor":"ann"', b'"actor":"sam"'),
        ("data/riwayat/nama.json", b'"nama": "', b'"nama": "x'),
        (forger.one(r"data/dokumen/.*/v2/isi.json"), b"Halo", b"Hallo"),
    ):
        assert old in forger.files[path]
        forger.files[path] = forger.files[path].replace(old, new)
    files, chain, names, contents = archiving.by_hand(forger.sign().pack(), tmp_path)
    assert "FAILED" not in files, "whoever writes the manifests anew passes there"
    assert ("TIDAK MENYAMBUNG" in chain, "\n0 baris: " in f"\n{names}") == (True, True)
    assert re.findall(r"^0 baris: (.*)", contents, re.MULTILINE) == ["data/dokumen/surat/v2/isi.json"]


def test_packed_again_by_another_program_it_is_still_sound(forger):
    assert checked(forger.pack(compression=zipfile.ZIP_DEFLATED))[0] == 0


def test_a_changed_file_is_named(forger):
    path = forger.one(r"data/lampiran/001.*")
    forger.files[path] += b" "
    code, said = checked(forger.pack())
    assert (code, f"{path}: isinya berubah" in said) == (1, True)


def test_evidence_is_held_to_what_history_says_was_handed_over(forger):
    for path in [path for path in forger.files if path.endswith(".pdf") and path.startswith("data/lampiran/")]:
        forger.files[path] += b" "
    code, said = checked(forger.sign().pack())
    assert (code, "lampiran dari tulis: menurut riwayat bersidik" in said) == (1, True)


def test_what_was_only_put_elsewhere_is_found(forger):
    def swapped(one, other):
        files = dict(forger.files)
        files[one], files[other] = files[other], files[one]
        forger.files, kept = files, forger.files
        code, said = checked(forger.sign().pack())
        forger.files = kept
        return code, said

    first, second = (f"data/dokumen/surat/v{n}/isi.json" for n in (1, 2))
    code, said = swapped(first, second)
    assert (code, f"{first}: bukan isi yang" in said, f"{second}: tidak dikenal riwayat" in said) == (1, True, True)
    paper, evidence = forger.one(r"data/dokumen/surat/v1/.*\.pdf"), forger.one(r"data/lampiran/001.*")
    code, said = swapped(paper, evidence)
    assert (code, f"{paper}: tidak dikenal" in said, f"{evidence}: tidak dikenal" in said) == (1, True, True)


def test_an_added_and_a_removed_file_are_named_also_beside_the_payload(forger):
    gone = forger.one(r"data/dokumen/surat/v1/.*\.pdf")
    del forger.files[gone]
    forger.files |= {"data/lampiran/099-tambahan.pdf": b"x", "catatan.txt": b"x"}
    code, said = checked(forger.pack())
    assert code == 1
    assert f"{gone}: hilang" in said
    assert "data/lampiran/099-tambahan.pdf: ditambahkan" in said
    assert "catatan.txt: ditambahkan" in said
    assert "bag-info.txt: menyebut jumlah isi" in said


def test_a_changed_line_of_history_is_named_although_the_manifests_were_written_anew(forger):
    chain = forger.files[HISTORY].splitlines(keepends=True)
    chain[2] = chain[2].replace(b'"actor":"', b'"actor":"bukan.')
    forger.files[HISTORY] = b"".join(chain)
    code, said = checked(forger.sign().pack())
    assert (code, f"{HISTORY} baris 3: isinya bukan yang ditulis semula" in said) == (1, True)


def test_a_line_whose_hash_was_written_anew_too_breaks_the_next(forger):
    chain, hashes = forger.files[HISTORY].splitlines(), forger.files[HASHES].splitlines()
    chain[2] = chain[2].replace(b'"actor":"', b'"actor":"bukan.')
    hashes[2] = hashlib.sha256(chain[2]).hexdigest().encode() + b"  3"
    forger.files |= {HISTORY: b"\n".join(chain) + b"\n", HASHES: b"\n".join(hashes) + b"\n"}
    code, said = checked(forger.sign().pack())
    assert (code, f"{HISTORY} baris 4: tidak menyambung" in said) == (1, True)


def first_format(line):
    return {name: value for name, value in line.items() if name not in ("format", "name", "capacity")}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            lambda line: first_format(line) if line["seq"] > 3 else line,
            "baris 4: ditulis dengan bentuk yang lebih lama",
        ),
        (
            lambda line: line | {"at": f"20{24 if line['seq'] > 3 else 25}{line['at'][4:]}"},
            "baris 4: bertanggal sebelum",
        ),
        (
            lambda line: line | ({"stream": "instance:lain"} if line["seq"] > 3 else {}),
            "baris 4: ditulis dengan bentuk",
        ),
        (lambda line: line | ({"catatan": "x"} if line["seq"] == 4 else {}), "baris 4: tidak terbaca"),
        (lambda line: line | ({"action": "rahasia:besar"} if line["seq"] == 4 else {}), "baris 4: tidak terbaca"),
        (lambda line: line | ({"at": "kemarin"} if line["seq"] == 4 else {}), "baris 4: tidak terbaca"),
    ],
)
def test_a_chain_computed_anew_goes_back_neither_in_time_nor_to_an_earlier_format(forger, change, told):
    code, said = forger.anew(change)
    assert (code, f"{HISTORY} {told}" in said) == (1, True), said


def test_lines_that_were_cut_from_the_end_are_missed(forger):
    for path in (HISTORY, HASHES):
        forger.files[path] = b"".join(forger.files[path].splitlines(keepends=True)[:-2])
    code, said = checked(forger.sign().pack())
    assert code == 1
    assert f"{HISTORY}: berakhir pada baris" in said


def test_a_document_that_is_not_the_one_history_names_is_named(forger):
    path = "data/dokumen/surat/v2/isi.json"
    forger.files[path] = json.dumps({"isi": "Lain", "bukti": None}).encode()
    code, said = checked(forger.sign().pack())
    assert code == 1
    assert f"{path}: bukan isi yang menurut riwayat diterbitkan sebagai versi ini" in said
    assert f"{path}: tidak dikenal riwayat" in said


def test_a_paper_and_a_form_that_were_exchanged_are_named(forger):
    forger.files[forger.one(r"data/dokumen/surat/v1/.*\.pdf")] = b"%PDF-lain"
    forger.files[forger.one(r"data/sop/forms/.*\.schema\.json")] += b" "
    code, said = checked(forger.sign().pack())
    assert code == 1
    assert "surat v1 (pdf): menurut riwayat bersidik" in said
    assert "data/sop/: diagram, formulir, atau hitungannya bukan versi yang dijalankan" in said


def test_without_its_history_it_proves_nothing(forger):
    del forger.files[HISTORY]
    code, said = checked(forger.sign().pack())
    assert (code, "tanpa riwayat tidak ada yang dapat dibuktikan" in said) == (1, True)


@pytest.mark.parametrize("kept", [0, 10, 0.5, 0.99])
def test_a_zip_that_broke_off_is_said_to_be_one(berkas, tmp_path, kept):
    content, path = berkas.read_bytes(), tmp_path / "putus.zip"
    path.write_bytes(content[: kept if isinstance(kept, int) else int(len(content) * kept)])
    code, said = checked(path)
    assert (code, "putus.zip: ZIP rusak atau terpotong" in said) == (1, True)


def test_a_flipped_bit_in_a_list_is_named(berkas, tmp_path):
    content, path = bytearray(berkas.read_bytes()), tmp_path / "rusak.zip"
    content[content.index(b"BagIt-Version")] ^= 1
    path.write_bytes(content)
    code, said = checked(path)
    assert (code, "bagit.txt rusak: isinya berubah" in said) == (1, True)


def test_a_damaged_file_of_a_compressed_copy_is_named(forger):
    path = forger.pack(compression=zipfile.ZIP_DEFLATED)
    with zipfile.ZipFile(path) as archive:
        damaged = next(entry for entry in archive.infolist() if entry.filename.endswith("surat-v1.pdf"))
    content = bytearray(path.read_bytes())
    content[damaged.header_offset + 30 + len(damaged.filename) + 9] ^= 0xFF
    path.write_bytes(content)
    code, said = checked(path)
    assert (code, "surat-v1.pdf: isinya berubah" in said) == (1, True)


def test_whatever_bytes_come_it_answers(berkas, tmp_path):
    content, path, chance = berkas.read_bytes(), tmp_path / "acak.zip", random.Random(7)
    begin = content.index(b"PK\x01\x02")
    for _ in range(150):
        changed = bytearray(content)
        changed[chance.choice((chance.randrange(begin, len(content)), chance.randrange(len(content))))] = (
            chance.randrange(256)
        )
        path.write_bytes(changed)
        inspect(path)


def test_a_zip_bomb_is_not_opened(forger):
    forger.files["data/lampiran/001-bom.pdf"] = bytes(64 << 20)
    code, said = checked(forger.sign().pack(compression=zipfile.ZIP_DEFLATED))
    assert code == 1
    assert "001-bom.pdf mengembang terlalu besar; tidak dibuka (bom ZIP?)" in said


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("../luar.txt", "bukan tempat di dalam sebuah berkas arsip"),
        ("/etc/luar.txt", "bukan tempat di dalam sebuah berkas arsip"),
        ("folder-lain/data/x.txt", "semua isinya harus di dalam satu folder"),
    ],
)
def test_a_path_that_leads_out_is_refused(forger, name, fault):
    path = forger.pack()
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, b"x")
    code, said = checked(path)
    assert (code, fault in said) == (1, True)


def test_another_zip_is_none(tmp_path):
    path = tmp_path / "lain.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("folder/surat.txt", b"Halo")
    code, said = checked(path)
    assert (code, "ini bukan berkas arsip yang lengkap" in said) == (1, True)


# ── the lists, and what beside them was forged with every manifest written anew ─────────────────────────────────────


COURSE, DOCUMENTS, HANDED = "data/pelaksanaan.json", "data/dokumen/dokumen.json", "data/lampiran/lampiran.json"
ABOUT, CONTENTS = "data/arsip.json", "data/daftar-isi.json"


def edited(forger, path, edit):
    """Let *edit* change a list, and write the lists of contents and manifests anew as a careful forger does."""
    value = json.loads(forger.files[path])
    edit(value)
    forger.files[path] = json.dumps(value).encode()
    if path != CONTENTS:
        contents = json.loads(forger.files[CONTENTS])
        for each in contents:
            content = forger.files[f"data/{each['path']}"]
            each |= {"ukuran": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        forger.files[CONTENTS] = json.dumps(contents).encode()
    return checked(forger.sign().pack())


def put(at, **facts):
    return lambda value: at(value).update(facts)


EARLIER = "2025-04-11T03:16:00.000000Z"


@pytest.mark.parametrize(
    ("path", "edit", "told"),
    [
        (COURSE, put(lambda v: v["langkah"][1], completed_at=EARLIER), "completed_at bukan yang disebut riwayat"),
        (COURSE, put(lambda v: v["langkah"][0], completed_by="orang.lain"), "completed_by bukan yang disebut riwayat"),
        (COURSE, put(lambda v: v["langkah"][0], capacity="plh"), "capacity bukan yang disebut riwayat"),
        (COURSE, put(lambda v: v["langkah"][0], created_at=EARLIER), "created_at bukan yang disebut riwayat"),
        (COURSE, lambda v: v["langkah"][1].pop("completed_at"), "completed_at bukan yang disebut riwayat"),
        (COURSE, lambda v: v["langkah"].pop(), "yang disebut riwayat"),
        (COURSE, lambda v: v["langkah"].append(v["langkah"][0]), "dua kali"),
        (COURSE, put(lambda v: v, started_by="orang.lain"), "started_by bukan yang disebut riwayat"),
        (COURSE, put(lambda v: v, title="Lain"), "title bukan yang disebut riwayat"),
        (COURSE, put(lambda v: v, sop_sidik="0" * 64), "content_hash bukan yang disebut riwayat"),
        (COURSE, put(lambda v: v, history_seq=3), "bukan milik riwayat ini"),
        (DOCUMENTS, put(lambda v: v[0], created_by="orang.lain"), "created_by bukan yang disebut riwayat"),
        (DOCUMENTS, put(lambda v: v[0], status="signed"), "status bukan yang disebut riwayat"),
        (DOCUMENTS, put(lambda v: v[0]["cetakan"][0], made_at=EARLIER), "made_at bukan yang disebut riwayat"),
        (DOCUMENTS, lambda v: v[0]["tanda_tangan"].append({"id": "s", "signer": "ann"}), "tidak dikenal riwayat"),
        (DOCUMENTS, lambda v: v[0]["cetakan"].clear(), "yang disebut riwayat"),
        (DOCUMENTS, lambda v: v.pop(), "yang disebut riwayat"),
        (HANDED, put(lambda v: v[0], sha256="0" * 64), "sha256 bukan yang disebut riwayat"),
        (HANDED, lambda v: v.append({**v[0], "id": "lain"}), "yang tidak dikenal riwayat"),
        (ABOUT, put(lambda v: v, judul="Lain"), "bukan yang disebut riwayat"),
        (ABOUT, put(lambda v: v["riwayat"], baris=3), "bukan yang disebut riwayat"),
        (CONTENTS, put(lambda v: v[0], sha256="0" * 64), "lain daripada yang ada"),
        (CONTENTS, lambda v: v.pop(), "lain daripada yang ada"),
    ],
)
def test_a_list_that_says_otherwise_than_history_is_named(forger, path, edit, told):
    code, said = edited(forger, path, edit)
    assert (code, path in said and told in said) == (1, True), said


@pytest.mark.parametrize(
    "path",
    ["data/surat-palsu.pdf", "data/dokumen/surat/palsu.pdf", "data/dokumen/surat/v2/palsu.pdf", "data/lampiran/9.pdf"],
)
def test_a_forged_file_that_stands_beside_the_real_ones_is_named_in_every_folder(forger, path):
    forger.files[path] = forger.files[forger.one(r"data/dokumen/surat/v2/.*\.pdf")]  # known bytes in a place of its own
    contents = json.loads(forger.files[CONTENTS])
    digest, size = hashlib.sha256(forger.files[path]).hexdigest(), len(forger.files[path])
    contents.append({"path": path.removeprefix("data/"), "keterangan": "", "ukuran": size, "sha256": digest})
    forger.files[CONTENTS] = json.dumps(contents).encode()
    code, said = checked(forger.sign().pack())
    assert (code, f"{path}: ditambahkan: tidak disebut daftar" in said) == (1, True), said


def test_a_stray_beside_the_payload_is_named_although_the_manifest_lists_it(forger):
    forger.files["keterangan.txt"] = b"Berkas ini sah."
    code, said = checked(forger.sign().pack())
    assert (code, "keterangan.txt: ditambahkan: bukan bagian" in said) == (1, True)


@pytest.fixture(scope="module")
def signed(tmp_path_factory):
    """Taken by an auditor: an instance whose approval was signed with the password, as an examination."""
    data_dir = tmp_path_factory.mktemp("bertanda")
    database = open_database(None, data_dir)
    migrate(database)
    office = OfficeAtWork(database, data_dir).open()
    instance = office.start()
    office.until_analysis(instance)
    office.later(hours=2)
    office.do("tim.sakip", instance, "susun_analisis")
    office.do("sekretaris", instance, "minta_persetujuan")
    office.do("kepala.dinas", instance, "tandatangani_persetujuan", tanda_tangan__mode="wet")
    swept(office.services.printing, office.now)
    return examined(office, instance, data_dir)


def examined(office, instance, data_dir):
    _, stream = office.services.archives.examine(office.actor("auditor"), instance, office.now)
    path = data_dir / "pemeriksaan.zip"
    with stream:
        path.write_bytes(stream.read())
    office.database.close()
    return path


def test_parts_and_signatures_are_sound_as_they_are(signed):
    assert checked(signed)[0] == 0, checked(signed)[1]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"signer": "sekretaris"}, "signer bukan yang disebut riwayat"),
        ({"on_behalf_of": "Plh. Kepala Dinas"}, "on_behalf_of bukan yang disebut riwayat"),
        ({"mode": "certified"}, "mode bukan yang disebut riwayat"),
        ({"signed_at": EARLIER}, "signed_at bukan yang disebut riwayat"),
    ],
)
def test_another_signer_is_named(signed, tmp_path, change, told):
    forger = Forger(signed, tmp_path / "palsu.zip")

    def edit(versions):
        next(each for each in versions if each["tanda_tangan"])["tanda_tangan"][0] |= change

    code, said = edited(forger, DOCUMENTS, edit)
    assert (code, told in said) == (1, True), said


def test_a_part_that_is_another_person_s_is_named(signed, tmp_path):
    forger = Forger(signed, tmp_path / "palsu.zip")

    def edit(versions):
        next(each for each in versions if each.get("bagian"))["bagian"][0]["created_by"] = "sekretaris"

    code, said = edited(forger, DOCUMENTS, edit)
    assert (code, "bagian pemegang.data" in said) == (1, True), said


def test_a_chain_computed_anew_is_found_by_the_head_that_its_archiving_recorded(tmp_path_factory, tmp_path):
    data_dir = tmp_path_factory.mktemp("diperiksa")
    database = open_database(None, data_dir)
    migrate(database)
    office = OfficeAtWork(database, data_dir)
    for account, role in ({a: r for r, a in PEOPLE.items()} | {"auditor": "auditor", "perancang": "designer"}).items():
        office.hire(account, role)
    archiving.deploy(office)
    path = examined(office, archiving.archived(office), data_dir)
    assert checked(path)[0] == 0, checked(path)[1]
    forger = Forger(path, tmp_path / "palsu.zip")

    code, said = forger.anew(lambda line: line | {"decree": "SK 9" if line["action"] == "task:completed" else None})
    assert (code, "riwayat dihitung ulang" in said) == (1, True), said
