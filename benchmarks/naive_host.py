"""The naive host: SpiffWorkflow behind Flask in sixty lines. It stores ``serialize_json`` and checks nothing.

No sign-in, no permission, no validation, no inbox, no history, no protection of two who write at once: what a
completion costs without all that. It holds the same form data as Alur, in its state, where Alur keeps it by id.
"""

import json
import os
import sqlite3
import threading
import uuid
from pathlib import Path
from typing import Any

import psycopg
from flask import Flask, request

from benchmarks import naive

TABLE = "CREATE TABLE IF NOT EXISTS instance (id VARCHAR(36) PRIMARY KEY, state TEXT NOT NULL)"
URL = os.environ.get("NAIVE_DATABASE", "")
MARK = "%s" if URL.startswith("postgresql") else "?"
_local = threading.local()


def connection() -> Any:
    """Return this thread's connection; every statement commits by itself, durably."""
    if not hasattr(_local, "open"):
        if URL.startswith("postgresql"):
            _local.open = psycopg.connect(URL, autocommit=True)
        else:
            _local.open = sqlite3.connect(URL, isolation_level=None, timeout=30)
            _local.open.execute("PRAGMA journal_mode = wal")
            _local.open.execute("PRAGMA synchronous = full")
    return _local.open


def application() -> Flask:
    """Return the application (Granian's factory)."""
    app = Flask(__name__)
    process_id = os.environ["NAIVE_PROCESS"]
    specification = naive.parse(Path(os.environ["NAIVE_DIAGRAM"]).read_bytes(), process_id)
    connection().execute(TABLE)

    @app.get("/")
    def empty() -> str:
        return ""

    @app.post("/start")
    def start() -> str:
        id_ = str(uuid.uuid4())
        workflow = naive.begin(specification, json.loads(request.get_data()))
        statement = f"INSERT INTO instance VALUES ({MARK}, {MARK})"
        connection().execute(statement, (id_, naive.save(workflow)))
        return id_

    @app.post("/complete/<id_>/<element_id>")
    def complete(id_: str, element_id: str) -> str:
        found = connection().execute(f"SELECT state FROM instance WHERE id = {MARK}", (id_,)).fetchone()
        workflow = naive.load(found[0])
        naive.complete(workflow, element_id, request.args.get("item"), json.loads(request.get_data()))
        statement = f"UPDATE instance SET state = {MARK} WHERE id = {MARK}"
        connection().execute(statement, (naive.save(workflow), id_))
        return ""

    return app
