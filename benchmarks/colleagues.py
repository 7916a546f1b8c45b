"""What a hundred people do at their browsers, for Locust, which ``benchmarks.load`` (``make load``) starts.

Everybody signs in, reads their inbox, opens a task, saves a draft and completes it, and looks at instances, history and
documents in between: one action in twenty seconds. What a person is told is done is noted in ``done``, a line each, so
that it can be looked for afterwards. No action is repeated: an answer that is not the one expected is a fault, but for
a task that a colleague of the same lane was quicker to take.
"""

import json
import os
import re
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from locust import FastHttpUser, between, task

CREW: dict[str, Any] = json.loads(Path(os.environ["ALUR_LOAD"]).read_text())
DONE = Path(CREW["done"])
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
TASK = re.compile(r'href="/tugas/([0-9a-f]{32})"')
INSTANCE = re.compile(r'href="/instans/([0-9a-f-]{36})"')
FIELD = re.compile(r'name="([^"]+)"')
REVISION = re.compile(r'name="_revisi" value="(\d+)"')
TAKEN = (404, 409)  # somebody was quicker
NEXT = count()


class Colleague(FastHttpUser):
    """Somebody of the office, signed in for the day."""

    wait_time = between(10, 30)  # seconds; twenty on average

    def on_start(self) -> None:
        """Sign in."""
        self.account = CREW["accounts"][next(NEXT) % len(CREW["accounts"])]
        token = self.read("/masuk", "sign-in page", TOKEN)[0]
        entries = {"csrf_token": token, "akun": self.account, "sandi": CREW["password"]}
        self.send("/masuk", "sign in", entries)
        self.token = self.read("/akun", "account", TOKEN)[0]

    @task(6)
    def look_at_the_inbox(self) -> None:
        """See what there is to do."""
        self.read("/tugas", "inbox", TASK)

    @task(2)
    def look_for_a_quarter(self) -> None:
        """Narrow the inbox by its text."""
        self.read("/tugas?cari=triwulan", "inbox, filtered", TASK)

    @task(7)
    def work(self) -> None:
        """Take the first task, save a draft and complete it."""
        found = self.read("/tugas", "inbox", TASK) or self.read("/tugas?tampil=bersama", "inbox, of the lane", TASK)
        for id_ in dict.fromkeys(found):
            page = self.text(f"/tugas/{id_}", "form")
            if f'action="/tugas/{id_}/ambil"' in page:
                if not self.send(f"/tugas/{id_}/ambil", "claim", {"csrf_token": self.token}, TAKEN):
                    continue
                page = self.text(f"/tugas/{id_}", "form")
            if f'action="/tugas/{id_}/selesai"' in page:
                self.complete(id_, page)
                return

    def complete(self, id_: str, page: str) -> None:
        """Fill in a form, keep it as a draft, and complete the step."""
        names = set(FIELD.findall(page))
        step = max(CREW["forms"], key=lambda each: len(names & set(CREW["forms"][each])))
        entries = {"csrf_token": self.token, **CREW["forms"][step]}
        entries |= {name: self.account for name in entries if name.endswith(".pemegang_data") and "laporan" in name}
        if not self.send(f"/tugas/{id_}/draf", "save a draft", entries, TAKEN):
            return
        entries["_revisi"] = (self.read(f"/tugas/{id_}", "form", REVISION) or ["0"])[0]
        if self.send(f"/tugas/{id_}/selesai", "complete", entries, TAKEN, leads_to=f"/tugas/{id_}/hasil"):
            with DONE.open("a") as file:
                file.write(f"{id_}\n")
            self.text(f"/tugas/{id_}/hasil", "receipt")

    @task(2)
    def look_at_an_instance(self) -> None:
        """See where an instance stands, what happened in it, and its documents."""
        for id_ in self.read("/instans", "instances", INSTANCE)[:1]:
            self.text(f"/instans/{id_}", "instance")
            self.text(f"/instans/{id_}/riwayat", "history")
            self.text(f"/instans/{id_}/dokumen", "documents of an instance")

    @task(1)
    def look_for_a_letter(self) -> None:
        """Leaf through the documents."""
        self.text("/dokumen", "documents")

    @task(1)
    def read_notices(self) -> None:
        """See what there is to hear."""
        self.text("/pemberitahuan", "notices")

    def text(self, path: str, name: str) -> str:
        """Return a page."""
        with self.client.get(path, name=name, catch_response=True) as answer:
            if answer.status_code != 200 and not (answer.status_code in TAKEN and "/tugas/" in path):
                answer.failure(f"{answer.status_code}")
            else:
                answer.success()
            return answer.text or ""

    def read(self, path: str, name: str, looked_for: re.Pattern[str]) -> list[str]:
        """Return what a page has of *looked_for*."""
        return looked_for.findall(self.text(path, name))

    def send(
        self, path: str, name: str, entries: dict[str, Any], borne: tuple[int, ...] = (), leads_to: str = ""
    ) -> bool:
        """Post a form, as is right before *leads_to* is shown; whether it was taken."""
        body, kind = urlencode(entries, doseq=True), {"Content-Type": "application/x-www-form-urlencoded"}
        with self.client.post(
            path, body, headers=kind, name=name, allow_redirects=False, catch_response=True
        ) as answer:
            place = (answer.headers or {}).get("location") or ""
            taken = answer.status_code in (302, 303) and place.endswith(leads_to)
            if taken or answer.status_code in borne:
                answer.success()
            else:
                answer.failure(f"{answer.status_code} {place}")
            return taken
