"""Builds each part once and joins them: the only place that knows them all."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from werkzeug.middleware.proxy_fix import ProxyFix

from engine.bpmn.executor import Executor
from engine.service.authoring.deployments import Deployments
from engine.service.authoring.spreadsheet_import import StepDrafts
from engine.service.authoring.studio import Studio
from engine.service.history.integrity import Checks
from engine.service.history.timelines import Histories
from engine.service.office.business_calendar import Office
from engine.service.office.earlier_documents import Precedents
from engine.service.office.monitoring import Monitoring
from engine.service.office.reading_log import Readings
from engine.service.office.registers import Registers
from engine.service.papers.archive_package import ArchivePackages
from engine.service.papers.archives import Archives
from engine.service.papers.documents import Documents
from engine.service.papers.letter_numbers import Numbers
from engine.service.papers.printing import Printing
from engine.service.papers.public_check import Verification
from engine.service.papers.reports import Reports
from engine.service.papers.signing import TRUST, Signing
from engine.service.papers.sop_sheet import SopSheets
from engine.service.people.accounts import Accounts
from engine.service.people.api_tokens import Tokens
from engine.service.people.people import People
from engine.service.procedures.functions import Functions
from engine.service.procedures.procedure import Procedures
from engine.service.work.approvals import Approvals
from engine.service.work.grids import Grids
from engine.service.work.incidents import Incidents
from engine.service.work.instances import Instances
from engine.service.work.messages import Messages
from engine.service.work.tasks import Tasks
from engine.service.work.timers import Timers
from engine.settings import Settings
from engine.store.database import Database, check_writable, open_database
from engine.store.files import FileStore
from engine.store.keys import key, secret_key
from engine.store.schema import check_schema, migrate
from engine.web import create_app
from engine.web.services import Services


@dataclass(frozen=True)
class Alur:
    """Everything, joined."""

    settings: Settings
    database: Database
    services: Services

    def prepare(self, now: datetime) -> None:
        """Bring the database to this version's schema and give a new office its calendar."""
        migrate(self.database)
        self.services.office.seed(now)

    def check(self) -> None:
        """Refuse to serve on a database of another version or without its append-only triggers."""
        check_schema(self.database)

    def wsgi(self, **overrides: Any) -> Any:
        """Return the WSGI application; *overrides* are for tests (a fixed clock)."""
        app = create_app(
            self.services,
            secret_key=secret_key(self.settings.data),
            secure_cookies=self.settings.secure,
            upload_limit=self.settings.upload_limit,
            office_name=self.settings.office,
            **overrides,
        )
        if self.settings.proxies:
            app.wsgi_app = _TrustedProxy(app.wsgi_app, self.settings.proxies)  # type: ignore[method-assign]
        return app


def build(settings: Settings, *, make: bool = False) -> Alur:
    """Return everything joined for *settings*, in an office that *make* may begin; SetupError says what to do."""
    check_writable(settings.data)
    database = open_database(settings.database_url, settings.data, make=make)
    return Alur(settings, database, build_services(settings, database, settings.data))


def build_services(settings: Settings, database: Database, data_dir: Path) -> Services:
    """Return the services over an open database."""
    executor = Executor()
    functions = Functions(data_dir / "functions")
    procedures = Procedures(executor, functions)
    files = FileStore(data_dir)
    registers = Registers(database, files)
    office = Office(database, Precedents(database, procedures), registers)
    second_factor_key = key(data_dir, "second-factor")
    accounts = Accounts(database, office, settings.idle, settings.longest_session, settings.office, second_factor_key)
    deployments = Deployments(database, executor, procedures, office, functions)
    signing = Signing(database, files, procedures, accounts, data_dir / TRUST, settings.file_limit)
    tasks = Tasks(database, executor, procedures, office, signing)
    printing = Printing(database, files, procedures, office, settings.public_url)
    studio = Studio(database, procedures, office, deployments)
    sheets = SopSheets(office)
    return Services(
        accounts=accounts,
        approvals=Approvals(tasks, printing),
        archives=Archives(ArchivePackages(database, files, procedures, office)),
        checks=Checks(database, office),
        deployments=deployments,
        documents=Documents(database, files, procedures, office.today, settings.file_limit),
        grids=Grids(tasks, files),
        histories=Histories(database, procedures),
        incidents=Incidents(database, executor, procedures, office),
        instances=Instances(database, executor, procedures, office),
        messages=Messages(database, executor, procedures, office),
        numbers=Numbers(database, office, procedures),
        office=office,
        operations=Monitoring(database, data_dir),
        readings=Readings(database),
        registers=registers,
        printing=printing,
        reports=Reports(database, files, procedures, office, printing, sheets, settings.office),
        people=People(database, office, accounts, procedures),
        signing=signing,
        sheets=sheets,
        step_drafts=StepDrafts(studio, files),
        studio=studio,
        tasks=tasks,
        timers=Timers(database, executor, procedures, office),
        verification=Verification(database, procedures),
        tokens=Tokens(database, office, accounts),
    )


class _TrustedProxy:
    """Believes forwarded headers only when the request came from a trusted proxy's address."""

    def __init__(self, application: Any, addresses: tuple[str, ...]) -> None:
        self._plain = application
        self._behind = ProxyFix(application, x_for=1, x_proto=1, x_host=1)
        self._addresses = frozenset(addresses)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        trusted = environ.get("REMOTE_ADDR") in self._addresses
        return (self._behind if trusted else self._plain)(environ, start_response)
