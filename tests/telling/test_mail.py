"""Letters by a real server: at once and once a day, though it is down, refuses, lies or hangs."""

import socket
import threading
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from engine.channels import smtp
from engine.model.errors import Conflict, InvalidForm
from engine.store.proof import prove
from engine.store.tables import dispatch, history, person, personal_value, secret, setting
from tests.databases import KINDS
from tests.office import WIB, returned
from tests.telling.post import PASSWORD, PostOffice, certificate

HEAD, SECRETARY, TEAM = "kepala.dinas", "sekretaris", "tim.sakip"


@pytest.fixture
def database_kind():
    """What is asked of databases here is asked of both kinds by the stories of notices and reminders."""
    return KINDS[0]


def rows(office):
    with office.database.read() as reader:
        return reader.connection.execute(select(dispatch).order_by(dispatch.c.made_at)).all()


def first_step(office, **more):
    """The head does the first step, so that the secretary gets a task."""
    instance = office.start(**more)
    office.do(HEAD, instance, "perintahkan_pengumpulan_data")
    return instance


def test_a_letter_holds_title_due_date_and_a_link_and_nothing_of_the_form(by_mail, post):
    instance = first_step(by_mail)
    by_mail.sweep()
    [letter] = post.letters
    assert letter["To"] == "sekretaris@contoh.go.id"
    assert letter["From"] == "DPMPTSP Kota Pematangsiantar <alur@contoh.go.id>"
    assert letter["Subject"].startswith("[Alur] Tugas baru: ")
    assert letter["Auto-Submitted"] == "auto-generated"
    told, _ = by_mail.services.notices.list(by_mail.actor(SECRETARY))
    link = f"https://alur.contoh.go.id/pemberitahuan/{told[0].notice.id}"
    for kind in ("plain", "html"):
        page = letter.get_body((kind,)).get_content()
        assert link in page
        assert "Triwulan I 2025" in page
        assert "Jatuh tempo: Senin, 14 April 2025 pukul 10.15 WIB" in page
        assert "disposisi" not in page.lower()
    assert by_mail.page(instance).record.title in letter["Subject"]


def test_a_letter_of_what_came_back_says_who_sent_it_and_why(by_mail, post):
    by_mail.reached("pemegang.data.1")
    instance = by_mail.start()
    by_mail.until_analysis(instance)
    by_mail.do("tim.sakip", instance, "susun_analisis", **returned("pemegang.data.1", "Rekap bukan dari periode ini."))
    by_mail.sweep()
    [letter] = [each for each in post.letters if "dikembalikan" in each["Subject"]]
    assert letter["Subject"] == ("[Alur] Tugas dikembalikan: Mempersiapkan data laporan kinerja – Triwulan I 2025")
    for kind in ("plain", "html"):
        assert "Tim Sakip: Rekap bukan dari periode ini." in letter.get_body((kind,)).get_content()


def test_who_reads_english_gets_an_english_letter(by_mail, post):
    by_mail.services.accounts.set_locale(by_mail.actor(SECRETARY), "en", by_mail.now)
    first_step(by_mail)
    by_mail.sweep()
    assert post.letters[0]["Subject"].startswith("[Alur] New task: ")
    assert "Due: Monday, 14 April 2025" in post.letters[0].get_body(("plain",)).get_content()


def test_letters_go_under_tls_from_the_first_byte_too(office, tmp_path, monkeypatch):
    chain, key = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(chain))
    server = PostOffice(chain, key, implicit=True).open()
    office.uses(server)
    office.reached(SECRETARY)
    first_step(office)
    office.sweep()
    server.close()
    assert [to for to, _ in server.said] == ["sekretaris@contoh.go.id"]


def test_nothing_goes_to_a_server_whose_certificate_nobody_vouches_for(by_mail, post, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    first_step(by_mail)
    by_mail.sweep()
    assert post.letters == []
    assert "CERTIFICATE_VERIFY_FAILED" in by_mail.services.mail.state(by_mail.actor("operator"), by_mail.now).cause


def test_a_server_that_is_down_for_a_day_delays_every_letter_and_loses_none(by_mail, post):
    post.close()
    for period in ("I", "II", "III"):
        first_step(by_mail, period=period)
    for _ in range(60):  # every half hour of a day and more
        by_mail.sweep()
        by_mail.later(minutes=29)
    state = by_mail.services.mail.state(by_mail.actor("operator"), by_mail.now)
    assert (state.counts, state.failed) == ({"due": 3}, ())
    assert state.since is not None
    assert "refused" in state.cause
    post.open()
    by_mail.later(minutes=31)
    by_mail.sweep()
    assert [to for to, _ in post.said] == ["sekretaris@contoh.go.id"] * 3
    assert by_mail.services.mail.state(by_mail.actor("operator"), by_mail.now).since is None


def test_a_worker_that_comes_twice_and_two_at_once_send_each_letter_once(by_mail, post):
    for period in ("I", "II", "III", "IV"):
        first_step(by_mail, period=period)
    by_mail.services.telling.do("bagi", by_mail.now)
    at_once = [threading.Thread(target=by_mail.services.telling.do, args=("surel", by_mail.now)) for _ in range(3)]
    for each in at_once:
        each.start()
    for each in at_once:
        each.join()
    by_mail.sweep()
    assert len(post.letters) == len({each["Message-ID"] for each in post.letters}) == 4


def test_a_worker_that_is_killed_before_it_notes_that_a_letter_went_sends_the_same_letter_again(by_mail, post):
    first_step(by_mail)
    by_mail.sweep()
    with by_mail.database.unguarded() as connection:  # as the kill leaves it: leased, and not noted
        until = by_mail.now + timedelta(minutes=9)
        connection.execute(update(dispatch).values(status="due", sent_at=None, due_at=until))
        connection.commit()
    by_mail.sweep()
    assert len(post.letters) == 1, "for ten minutes it may still be at it"
    by_mail.later(minutes=10)
    by_mail.sweep()
    first, second = post.letters
    assert first["Message-ID"] == second["Message-ID"], "by which mail systems show it once"
    assert (first["Date"], first["Subject"]) == (second["Date"], second["Subject"])


def test_a_refused_recipient_is_set_aside_shown_and_tried_again_only_when_asked(by_mail, post):
    post.refuses["sekretaris@contoh.go.id"] = "550 no such user here"
    first_step(by_mail)
    for _ in range(5):
        by_mail.sweep()
        by_mail.later(hours=5)
    [failed] = by_mail.services.mail.state(by_mail.actor("operator"), by_mail.now).failed
    assert (failed.person_id, failed.cause, failed.attempts) == (SECRETARY, "550 no such user here", 1)
    post.refuses.clear()
    assert by_mail.services.mail.again(by_mail.actor("operator"), by_mail.now) == 1
    by_mail.sweep()
    assert len(post.letters) == 1


def test_a_recipient_refused_for_now_is_tried_again_for_three_days_and_then_set_aside(by_mail, post):
    post.refuses["sekretaris@contoh.go.id"] = "451 greylisted, come back later"
    first_step(by_mail)
    by_mail.sweep()
    assert [(row.status, row.attempts) for row in rows(by_mail)] == [("due", 1)]
    by_mail.later(minutes=1)
    by_mail.sweep()
    assert rows(by_mail)[0].attempts == 2
    for _ in range(80):
        by_mail.later(hours=1)
        by_mail.sweep()
    assert rows(by_mail)[0].status == "failed", "and the letters that say that it is late are tried in their turn"


def test_a_letter_that_the_server_does_not_like_is_set_aside_and_the_others_go(by_mail, post):
    post.says = "554 looks like spam"
    first_step(by_mail)
    by_mail.sweep()
    assert [(row.status, row.cause) for row in rows(by_mail)] == [("failed", "554 looks like spam")]


def test_the_letters_of_a_day_come_together_at_half_past_seven_of_a_working_day(by_mail, post):
    by_mail.choose(SECRETARY, task="ringkasan")
    for period in ("I", "II"):
        first_step(by_mail, period=period)
        by_mail.sweep()
    assert post.letters == []
    by_mail.now = datetime(2025, 4, 13, 8, 0, tzinfo=WIB)  # a Sunday
    by_mail.sweep()
    assert post.letters == []
    by_mail.now = datetime(2025, 4, 14, 7, 30, tzinfo=WIB)
    by_mail.sweep()
    [letter] = post.letters
    assert letter["Subject"] == "[Alur] Ringkasan pemberitahuan, Senin, 14 April 2025", "the day that it goes out"
    assert letter.get_body(("plain",)).get_content().count("https://alur.contoh.go.id/pemberitahuan/") == 3
    by_mail.now = datetime(2025, 4, 14, 7, 0, tzinfo=WIB)  # the clock is set back
    first_step(by_mail, period="III")
    by_mail.sweep()
    assert len(post.letters) == 2, "it joins no letter that is gone, and is not lost"


def test_who_left_gets_no_letter_though_it_was_due(by_mail, post):
    post.close()
    first_step(by_mail)
    by_mail.sweep()
    people, operator = by_mail.services.people, by_mail.actor("operator")
    yesterday = by_mail.services.office.today(by_mail.now) - timedelta(days=1)
    people.end_membership(operator, SECRETARY, "m-sekretaris-sekretaris", yesterday, "Mutasi.", by_mail.now)
    post.open()
    by_mail.later(hours=1)
    by_mail.sweep()
    assert (post.letters, [row.status for row in rows(by_mail)]) == ([], ["dropped"])


def test_what_was_done_meanwhile_is_not_written_about(by_mail, post):
    post.close()
    instance = first_step(by_mail)
    by_mail.sweep()
    by_mail.do(SECRETARY, instance, "siapkan_kertas_kerja")
    post.open()
    by_mail.later(hours=1)
    by_mail.sweep()
    assert SECRETARY not in {to.partition("@")[0] for to, subject in post.said if "Tugas baru" in subject}


def test_who_wants_no_mail_of_a_kind_gets_none_and_still_sees_it(by_mail, post):
    by_mail.choose(SECRETARY, task="tidak")
    first_step(by_mail)
    by_mail.sweep()
    assert (post.letters, by_mail.unread(SECRETARY)) == ([], 1)
    by_mail.choose(SECRETARY, task="kadang-kadang", lain="tidak")
    assert by_mail.services.reaching.of(by_mail.actor(SECRETARY), SECRETARY).choices == {}


class Odd:
    """Something that listens where a mail server should, and does what it likes with who comes."""

    def __init__(self, does):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port, self.implicit = self.socket.getsockname()[1], False
        self.thread = threading.Thread(target=self._serve, args=(does,), daemon=True)
        self.thread.start()

    def _serve(self, does):
        while True:
            try:
                came, _ = self.socket.accept()
            except OSError:
                return
            with came:
                try:
                    does(came)
                except OSError:
                    continue

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join()


def drip(came):
    for _ in range(200):
        came.sendall(b"2")
        threading.Event().wait(0.05)


def no_tls(came):
    came.sendall(b"220 hai\r\n")
    came.recv(100)
    came.sendall(b"250 hai\r\n")
    came.recv(100)
    came.sendall(b"502 no\r\n")


@pytest.mark.parametrize(
    ("does", "says"),
    [
        (lambda came: came.recv(1000), "timed out"),
        (lambda came: came.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "400 Bad Request"),
        (lambda came: None, "closed"),
        (lambda came: came.sendall(b"220 \xff\xfe hai\r\n" + b"x" * 9000), "500"),
        (lambda came: came.sendall(b"421 busy\r\n"), "421 busy"),
        (drip, "222"),
        (no_tls, "STARTTLS"),
    ],
    ids=["hangs", "speaks HTTP", "hangs up", "says rubbish", "is busy", "drips", "knows no TLS"],
)
def test_what_is_no_mail_server_ends_in_words_and_loses_nothing(office, monkeypatch, does, says):
    monkeypatch.setattr(smtp, "TIMEOUT", 0.5)
    monkeypatch.setattr(smtp, "LONGEST", 1.5)
    odd = Odd(does)
    office.uses(odd)
    office.reached(SECRETARY)
    first_step(office)
    office.sweep()
    state = office.services.mail.state(office.actor("operator"), office.now)
    assert state.cause, state
    assert state.counts == {"due": 1}
    with pytest.raises(InvalidForm) as told:
        office.services.mail.test(office.actor("operator"), "ops@contoh.go.id", office.now)
    assert (told.value.errors[0].keyword, says in told.value.errors[0].message) == ("unsent", True), told.value
    odd.close()


def test_a_wrong_password_is_said_to_the_operator(by_mail, post):
    value, revision = by_mail.services.mail.setting(by_mail.actor("operator"))
    by_mail.services.mail.change(by_mail.actor("operator"), value, "bukan ini", revision, by_mail.now)
    first_step(by_mail)
    by_mail.sweep()
    assert "535" in by_mail.services.mail.state(by_mail.actor("operator"), by_mail.now).cause
    value, revision = by_mail.services.mail.setting(by_mail.actor("operator"))
    by_mail.services.mail.change(by_mail.actor("operator"), value, PASSWORD, revision, by_mail.now)
    by_mail.sweep()
    assert len(post.letters) == 1


def test_the_password_stands_nowhere_in_the_open_and_another_row_opens_nothing(by_mail, post):
    with by_mail.database.read() as reader:
        sealed = reader.connection.scalar(select(secret.c.sealed))
        said = reader.connection.scalars(select(history.c.change)).all()
        held = reader.connection.scalars(select(setting.c.value)).all()
    assert PASSWORD.encode() not in sealed
    assert PASSWORD not in str(said) + str(held)
    with by_mail.database.unguarded() as connection:
        connection.execute(update(secret).values(sealed=sealed[:-1] + b"x"))
        connection.commit()
    first_step(by_mail)
    by_mail.sweep()
    assert post.letters == []
    assert by_mail.services.mail.state(by_mail.actor("operator"), by_mail.now).cause


def test_two_operators_do_not_write_over_each_other_and_what_cannot_be_is_named(by_mail):
    mail, operator = by_mail.services.mail, by_mail.actor("operator")
    value, revision = mail.setting(operator)
    mail.change(operator, value, "", revision, by_mail.now)
    with pytest.raises(Conflict):
        mail.change(operator, value, "", revision, by_mail.now)
    wrong = {**value, "host": "bukan nama", "port": 0, "sender": "x", "security": "none", "user": "a\r\nb"}
    with pytest.raises(InvalidForm) as told:
        mail.change(operator, wrong, "", revision + 1, by_mail.now)
    assert {error.path for error in told.value.errors} == {"host", "port", "sender", "security", "user"}


def test_switching_mail_off_lets_go_of_what_is_due_and_pages_go_on_telling(by_mail, post):
    post.close()
    first_step(by_mail)
    by_mail.sweep()
    value, revision = by_mail.services.mail.setting(by_mail.actor("operator"))
    by_mail.services.mail.change(by_mail.actor("operator"), {**value, "on": False}, "", revision, by_mail.now)
    by_mail.sweep()
    first_step(by_mail, period="II")
    by_mail.sweep()
    assert [row.status for row in rows(by_mail)] == ["dropped"]
    assert by_mail.unread(SECRETARY) == 2


def test_history_holds_an_address_by_a_commitment_and_the_one_before_is_erased(by_mail):
    by_mail.reached(SECRETARY, "baru@contoh.go.id")
    with by_mail.database.read() as reader:
        said = " ".join(reader.connection.scalars(select(history.c.change)))
        values = set(reader.connection.scalars(select(personal_value.c.value)))
        assert prove(reader).sound
    assert "sekretaris@" not in said
    assert "baru@" not in said
    assert "baru@contoh.go.id" in values
    assert "sekretaris@contoh.go.id" not in values
    by_mail.reached(SECRETARY, "")
    by_mail.services.people.set_active(by_mail.actor("operator"), TEAM, False, "Pindah", by_mail.now)
    by_mail.services.people.forget(by_mail.actor("operator"), TEAM, "Diminta", by_mail.now)
    with by_mail.database.read() as reader:
        values = set(reader.connection.scalars(select(personal_value.c.value)))
        assert not {"baru@contoh.go.id", "tim.sakip@contoh.go.id"} & values
        assert prove(reader).sound


def test_an_address_that_somebody_puts_in_anothers_place_is_found(by_mail):
    with by_mail.database.unguarded() as connection:
        of_head = connection.scalar(select(person.c.email_commitment).where(person.c.id == HEAD))
        connection.execute(update(person).where(person.c.id == "auditor").values(email_commitment=of_head))
        connection.commit()
    with by_mail.database.read() as reader:
        [fault] = prove(reader).faults
    with by_mail.database.unguarded() as connection:
        connection.execute(update(person).where(person.c.id == "auditor").values(email_commitment=None))
        connection.commit()
    assert (fault.table, fault.field) == ("person", "email_commitment")


@pytest.mark.parametrize(
    "address", ["x", "a@b", "a b@contoh.go.id", "a@contoh.go.id\r\nBcc: b@contoh.go.id", "ä@contoh.go.id"]
)
def test_what_is_no_address_is_taken_from_nobody(by_mail, address):
    with pytest.raises(InvalidForm):
        by_mail.reached(SECRETARY, address)


def test_a_title_with_line_ends_makes_no_header(by_mail, post):
    first_step(by_mail)
    with by_mail.database.unguarded() as connection:
        was = connection.exec_driver_sql("SELECT title FROM instance").scalar()
        connection.exec_driver_sql("UPDATE instance SET title = 'Satu\r\nBcc: lain@contoh.go.id <b>dua</b>'")
        connection.commit()
    by_mail.sweep()
    with by_mail.database.unguarded() as connection:
        connection.exec_driver_sql(f"UPDATE instance SET title = '{was}'")
        connection.commit()
    assert post.letters[0]["Bcc"] is None
    assert "<b>dua</b>" not in post.letters[0].get_body(("html",)).get_content()
