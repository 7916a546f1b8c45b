"""Opens the database, and builds the services and the web application on it."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from engine.service.services import Services
from engine.settings import Settings
from engine.store.database import Database, check_writable, open_database
from engine.store.keys import key
from engine.store.places import place_of
from engine.store.schema import check_schema, migrate


@dataclass(frozen=True)
class Alur:
    """An open database, its services, and the settings that they were built with."""

    settings: Settings
    database: Database
    services: Services

    def prepare(self, now: datetime) -> None:
        """Migrate the database to this version's schema, and give a new office its calendar."""
        migrate(self.database)
        self.services.office.seed(now)

    def check(self) -> None:
        """Raise SetupError if the database has another version or lacks its append-only triggers."""
        check_schema(self.database)

    def wsgi(self, *, samples: bool = False) -> Any:
        """Return the WSGI application; with *samples*, sample people sign in by a click."""
        from engine.web.application import create_app  # noqa: PLC0415 - loads all pages, which only servers need

        return create_app(
            self.services,
            secret_key=self.settings.keys.get("secret") or key(self.services.documents.files.place, "secret"),
            secure_cookies=self.settings.secure,
            upload_limit=self.settings.upload_limit,
            office_name=self.settings.office,
            proxies=self.settings.proxies,
            samples=samples,
        )


def build(settings: Settings, *, make: bool = False) -> Alur:
    """Return the parts for *settings*; SetupError if that fails, or if there is no office yet, unless *make*."""
    check_writable(settings.data)
    database = open_database(settings.database_url, settings.data, make=make)
    return Alur(settings, database, build_services(settings, database, settings.data))


def build_services(settings: Settings, database: Database, data_dir: Path) -> Services:
    """Return the services over an open database."""
    return Services(
        database,
        data_dir,
        place_of(settings.files, data_dir),
        keys=settings.keys,
        idle=settings.idle,
        longest_session=settings.longest_session,
        office_name=settings.office,
        public_url=settings.public_url,
        file_limit=settings.file_limit,
        webhook_inside=settings.webhook_inside,
        clamd=settings.clamd,
        openid=settings.openid,
    )
