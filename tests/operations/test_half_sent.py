"""A connection that breaks in the middle of a request does nothing, however much of it had come."""

import json
import socket
from urllib.parse import urlencode

import pytest
from sqlalchemy import func, select

from engine.store.tables import history
from tests.operations.harness import PASSWORD, PATIENCE, until


def lines(office):
    with office.database() as database, database.read() as reader:
        return reader.connection.scalar(select(func.count()).select_from(history))


def broken_off(office, head, body, announced):
    """Send *body* where *announced* bytes were promised, and hang up; what the server answered, if it did."""
    with socket.create_connection(("127.0.0.1", office.port), timeout=PATIENCE) as connection:
        text = "\r\n".join([*head, f"Content-Length: {announced}", "Connection: close", "", ""])
        connection.sendall(text.encode() + body)
        if len(body) < announced:
            connection.shutdown(socket.SHUT_WR)
        found = b""
        while part := connection.recv(65_536):
            found += part
    return found.decode()


@pytest.fixture
def at_work(installation):
    """Ani, with a letter to write."""
    installation.serve()
    ani = installation.sign_in("ani")
    assert ani.start("surat", nomor="001").status == 303
    return installation, ani, until(lambda: ani.find_task("001"), "the letter is there to be written")


def test_half_a_form_completes_nothing_and_the_whole_form_does(at_work):
    office, ani, task = at_work
    page = ani.get(f"/tugas/{task}").text
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    body = urlencode({"csrf_token": token, "isi": "Kepada Yth. Bapak Wali Kota"}).encode()
    cookie = "; ".join(f"{name}={value}" for name, value in ani.cookies.items())
    head = [
        f"POST /tugas/{task}/selesai HTTP/1.1",
        "Host: kantor",
        f"Cookie: {cookie}",
        "Content-Type: application/x-www-form-urlencoded",
    ]
    before = lines(office)
    for sent in (body[:-15], body[: len(body) // 2], b""):
        answer = broken_off(office, head, sent, len(body))
        assert " 400 " in answer.partition("\r\n")[0], answer[:300]
    assert lines(office) == before
    assert " 303 " in broken_off(office, head, body, len(body)).partition("\r\n")[0]
    assert lines(office) > before


def test_half_a_request_of_a_program_does_nothing_and_neither_does_one_of_no_length(at_work):
    office, ani, task = at_work
    asked = {"nama": "uji", "masa": "30", "cakupan": "work", "sandi": PASSWORD}
    issued = ani.post("/akun/token", asked, page="/akun/token").text
    token = issued.split('id="rahasia">')[1].split("<")[0]
    body = json.dumps({"values": {"isi": "Kepada Yth."}}).encode()
    head = [
        f"POST /api/v1/tasks/{task}/completion HTTP/1.1",
        "Host: kantor",
        f"Authorization: Bearer {token}",
        "Content-Type: application/json",
    ]
    before = lines(office)
    for sent in (body[:-3], b""):
        assert " 400 " in broken_off(office, head, sent, len(body)).partition("\r\n")[0]
    with socket.create_connection(("127.0.0.1", office.port), timeout=PATIENCE) as connection:
        chunked = "\r\n".join([*head, "Transfer-Encoding: chunked", "", "zz"])
        connection.sendall(chunked.encode())
        connection.shutdown(socket.SHUT_WR)
        assert b" 411 " in connection.recv(65_536).partition(b"\r\n")[0]
    assert lines(office) == before
    assert " 200 " in broken_off(office, head, body, len(body)).partition("\r\n")[0]
