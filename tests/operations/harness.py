"""A real installation: its commands and its server as processes, and people who use it over HTTP."""

import http.client
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.cookies import SimpleCookie
from pathlib import Path
from typing import BinaryIO, TypeVar
from urllib.parse import quote, urlencode

import psutil
from sqlalchemy import update

from engine.service.authoring.checking import read_folder
from engine.store.database import Database, check_writable, open_database
from engine.store.schema import migrate
from engine.store.tables import person
from tests.office import ROOT, OfficeAtWork
from tests.operations import loaded
from tests.patience import PATIENCE
from tests.places import placed

HERE = Path(__file__).parent
PROCESSES, FORMS = HERE / "processes", HERE / "forms"
PASSWORD = "kuda-baterai-staples"
PASSPHRASE = "sepuluh ekor kuda"
STAFF = {"ani": "staf", "budi": "staf", "sinta": "atasan", "toba": "atasan", "operator": "operator"}
AS_PEOPLE_DO = ("-m", "engine")
CONNECTION_LOST = (ConnectionError, http.client.HTTPException)
Found = TypeVar("Found")


def until(condition: Callable[[], Found], what: str, *, seconds: float = PATIENCE, every: float = 0.05) -> Found:
    """Ask *condition* again and again until it gives something; fail if it never does."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s in vain: {what}"
        time.sleep(every)
    return found


def free_port() -> int:
    """Return a port that nobody uses, below those that the kernel lends to clients."""
    while True:
        port = random.randint(20_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@dataclass
class Server:
    """A started server with everything that it started."""

    process: subprocess.Popen[bytes] | loaded.Started
    log: Path
    port: int

    @property
    def said(self) -> str:
        """What it wrote to stdout and stderr."""
        return self.log.read_text()

    def answers(self) -> bool:
        """Whether somebody answers on the port."""
        assert self.process.poll() is None, f"the server ended with {self.process.returncode}:\n{self.said}"
        with suppress(OSError, http.client.HTTPException):
            return Browser(self.port, timeout=5).get("/sehat").status == 200
        return False

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Tell it to stop and return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def kill(self) -> None:
        """Kill it and everything that it started at one blow, as a power cut does."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE)
        until(self._is_over, "all that it started is over, and its port free", every=0.02)

    def _is_over(self) -> bool:
        for process in psutil.process_iter():
            with suppress(psutil.Error, ProcessLookupError):
                if os.getpgid(process.pid) == self.process.pid and process.status() != psutil.STATUS_ZOMBIE:
                    return False
        return True


@dataclass
class Installation:
    """A data folder, a database and a port; *url* None is SQLite in the data folder."""

    data: Path
    url: str | None = None
    processes: Path = PROCESSES
    forms: Path = FORMS
    port: int = field(default_factory=free_port)
    settings: dict[str, str] = field(default_factory=dict)
    _started: list[Server] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """What a process of this installation finds in its environment."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("ALUR_")}
        ours = {
            "ALUR_DATA": str(self.data),
            "ALUR_PORT": str(self.port),
            "ALUR_PROCESSES": str(self.processes),
            "ALUR_FORMS": str(self.forms),
            "ALUR_WORKERS": "1",
        }
        return clean | ours | ({"ALUR_DATABASE_URL": self.url} if self.url else {}) | self.settings

    def command(self, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return loaded.run(words, self.environment | settings, PATIENCE)

    def launch(self, *words: str, program: Sequence[str] = ()) -> Server:
        """Start a command that serves, without waiting for it; *program*, if given, is what a new interpreter runs."""
        log = self.data.parent / f"{self.data.name}-{len(self._started)}.log"
        with log.open("wb") as file:
            process = self._interpreted([*program, *words], file) if program else self._forked(words, file)
        server = Server(process, log, self.port)
        self._started.append(server)
        return server

    def _forked(self, words: Sequence[str], file: BinaryIO) -> loaded.Started:
        return loaded.Started(words, self.environment, file.fileno(), file.fileno())

    def _interpreted(self, words: Sequence[str], file: BinaryIO) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, *words],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
            preexec_fn=_heed_ctrl_c,  # noqa: PLW1509 - no thread of ours runs while it is started
        )

    def serve(self, command: str = "serve", **how: Sequence[str]) -> Server:
        """Start the server and wait until it answers."""
        server = self.launch(command, **how)
        until(server.answers, "the server answers")
        return server

    def running(self) -> list[psutil.Process]:
        """Every living process of this installation, whoever started it."""
        return [process for process, _ in self.commands()]

    def commands(self) -> list[tuple[psutil.Process, list[str]]]:
        """Every such process with its command line and name; one that ends while it is looked at is none."""
        found = []
        ours = {server.process.pid for server in self._started}
        for process in psutil.process_iter():
            with suppress(psutil.Error, ProcessLookupError, PermissionError):
                is_ours = os.getsid(process.pid) in ours or process.environ().get("ALUR_DATA") == str(self.data)
                if is_ours and (command := process.cmdline()):
                    found.append((process, [*command, process.name()]))
        return found

    def child(self, word: str) -> psutil.Process | None:
        """The living process with *word* in its command line, if it has got as far as that."""
        return next((process for process, command in self.commands() if word in command), None)

    def end(self) -> None:
        """Kill whatever a test left."""
        for server in self._started:
            server.kill()
        for process in self.running():
            with suppress(psutil.NoSuchProcess):
                process.kill()

    def port_is_free(self) -> bool:
        """Whether nobody listens on the port any more."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) != 0

    @contextmanager
    def database(self) -> Iterator[Database]:
        """Look into the database beside the server."""
        opened = open_database(self.url, self.data)
        try:
            yield opened
        finally:
            opened.close()

    def prepare(self, staff: Mapping[str, str] = STAFF, *, deploy: tuple[str, ...] = ("surat", "tunggu")) -> None:
        """Hire people who know their password and deploy procedures, without starting a process for it."""
        check_writable(self.data)
        with self.database() as database:
            migrate(database)
            files = self.settings.get("ALUR_FILES", "")
            office = OfficeAtWork(database, self.data, now=datetime.now(UTC), files=files)
            for account, role in {"perancang": "designer", **staff}.items():
                office.hire(account, role)
            for name in deploy:
                found = read_folder(self.processes, self.forms, name)
                files = {path: placed(content) for path, content in found.items()}
                office.services.deployments.deploy(
                    office.actor("perancang"), name, files, "uji", office.now, at_console=True
                )
            give_passwords(office)

    def sign_in(self, account: str, password: str = PASSWORD) -> "Browser":
        """Sit somebody down at a browser, signed in."""
        browser = Browser(self.port)
        answer = browser.sign_in(account, password)
        assert answer.status == 303, answer
        return browser


def _heed_ctrl_c() -> None:
    """Let Ctrl-C through also where the tests themselves run in a shell's background, which ignores it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def give_passwords(office: OfficeAtWork) -> None:
    """Let everybody of the office know the one password, hashed at a cost that tests can pay."""
    hashed = office.services.accounts.hasher.hash(PASSWORD)
    with office.database.unguarded() as connection:
        connection.execute(update(person).values(password_hash=hashed))


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    location: str
    text: str


@dataclass
class Browser:
    """What a person without scripts does: open pages, send their forms with the token that stands in them."""

    port: int
    timeout: float = PATIENCE
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str) -> Answer:
        """Open a page; a redirect is told, not followed."""
        return self._send("GET", path, None)

    def post(self, path: str, entries: Mapping[str, str], *, page: str) -> Answer:
        """Send the form that stands on *page*."""
        return self._send_form(self.get(page), path, entries)

    def sign_in(self, account: str, password: str = PASSWORD) -> Answer:
        """Sign in."""
        return self.post("/masuk", {"akun": account, "sandi": password}, page="/masuk")

    def start(self, process_id: str, **entries: str) -> Answer:
        """Start a procedure."""
        path = f"/instans/mulai?sop={process_id}"
        return self.post(path, entries, page=path)

    def tasks(self, text: str, which: str = "saya") -> list[str]:
        """Return the ids of the tasks that an inbox shows for a search."""
        shown = self.get(f"/tugas?tampil={which}&cari={quote(text)}")
        assert shown.status == 200, shown
        links = re.findall(r'class="task-title"><a href="/tugas/([0-9a-f]{32})', shown.text)
        return list(dict.fromkeys(links))

    def find_task(self, text: str) -> str | None:
        """Return the one task of a search: mine, else one that I claim now."""
        if mine := self.tasks(text):
            return mine[0]
        for task in self.tasks(text, "bersama"):
            claimed = self.post(f"/tugas/{task}/ambil", {}, page=f"/tugas/{task}")
            assert claimed.status == 303, claimed
            return task
        return None

    def complete(self, task: str, **entries: str) -> Answer:
        """Complete a task; who completed it before is led to the receipt at once."""
        shown = self.get(f"/tugas/{task}")
        return shown if shown.status == 303 else self._send_form(shown, f"/tugas/{task}/selesai", entries)

    def instances(self, text: str) -> list[str]:
        """Return the ids of the instances that the list shows for a search."""
        shown = self.get(f"/instans?cari={quote(text)}")
        assert shown.status == 200, shown
        return list(dict.fromkeys(re.findall(r'href="/instans/([0-9a-f-]{36})"', shown.text)))

    def _send_form(self, shown: Answer, path: str, entries: Mapping[str, str]) -> Answer:
        token = re.search(r'name="csrf_token" value="([^"]+)"', shown.text)
        assert token, f"no form to send to {path}: {shown}"
        return self._send("POST", path, urlencode({"csrf_token": token[1], **entries}))

    def _send(self, method: str, path: str, body: str | None) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.timeout)
        headers = {"Connection": "close"}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            text = response.read().decode()
            for cookie in response.headers.get_all("Set-Cookie") or ():
                self.cookies |= {name: morsel.value for name, morsel in SimpleCookie(cookie).items()}
            return Answer(response.status, response.headers.get("Location", ""), text)
        finally:
            connection.close()


def message_of(done: subprocess.CompletedProcess[str]) -> str:
    """Return what a refused command said: code 2, one or two sentences on stderr, no traceback."""
    assert done.returncode == 2, done
    assert "Traceback" not in done.stderr, done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].endswith("."), lines[0]
    return lines[0]
