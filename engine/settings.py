"""The operator's settings, read once from the environment."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from engine.model.errors import SetupError

MEGABYTE = 1024 * 1024
NAMES = {
    "ALUR_DATA": "folder for everything that is written: database, files, keys (./data)",
    "ALUR_FILES": "where files, functions, keys and trusted roots are kept: s3://bucket/prefix or a folder (ALUR_DATA)",
    "ALUR_KEY_SECRET": "key that signs cookies and forms, 64 hexadecimal digits; else made and kept beside the files",
    "ALUR_KEY_SECOND_FACTOR": "key that seals second factors and the password of the mail account, likewise",
    "ALUR_DATABASE_URL": "database; SQLite in ALUR_DATA unless postgresql+psycopg://user:password@host/name",
    "ALUR_PROCESSES": "folder with the procedures' diagrams (./processes)",
    "ALUR_FORMS": "folder with their forms (./forms)",
    "ALUR_OFFICE": "the office's name, shown on every page",
    "ALUR_HOST": "address to listen on (127.0.0.1)",
    "ALUR_PORT": "port to listen on (8000)",
    "ALUR_WORKERS": "web workers (2)",
    "ALUR_THREADS": "threads of each web worker (4)",
    "ALUR_IDLE_MINUTES": "minutes without a request after which a session ends (30)",
    "ALUR_SESSION_HOURS": "hours after which a session ends in any case (12)",
    "ALUR_UPLOAD_MB": "largest request with files, in MB (100)",
    "ALUR_FILE_MB": "largest single file, in MB (25)",
    "ALUR_CLAMD": "address of ClamAV's clamd, socket or host:port; only files that it finds clean are accepted",
    "ALUR_PROXY": "addresses of the trusted proxy in front, comma separated; set by `alur serve --behind-proxy`",
    "ALUR_SECURE": "1 when browsers come by HTTPS; set by `alur serve`",
    "ALUR_PUBLIC_URL": "address for links in QR codes and letters, https://alur.kantor.go.id; else there are none",
    "ALUR_WEBHOOK_INSIDE": "1 when the webhook may call private addresses and plain http; else only public ones",
    "ALUR_OIDC_ISSUER": "issuer of the OpenID provider for signing in; without it there is none",
    "ALUR_OIDC_CLIENT": "id of Alur at that provider",
    "ALUR_OIDC_SECRET": "secret of Alur at that provider; none for a public client",
    "ALUR_OIDC_SCOPES": "what the provider is asked for (openid profile)",
    "ALUR_OIDC_CLAIM": "claim that identifies a person; accounts are linked to its value (sub)",
    "ALUR_OIDC_MFA": "values of amr and acr that count as a second factor, separated by spaces; else ours is asked",
    "ALUR_PASSPHRASE": "passphrase of `alur backup` and `alur restore`, asked for if it is not set",
}
"""All settings with their meaning. ``docs/operasi.md`` lists them too; a test compares the names."""
STATED_KEYS = {"secret": "ALUR_KEY_SECRET", "second-factor": "ALUR_KEY_SECOND_FACTOR"}


@dataclass(frozen=True, slots=True)
class Settings:
    """The operator's settings."""

    data: Path
    files: str
    keys: Mapping[str, bytes]
    database_url: str | None
    processes: Path
    forms: Path
    office: str
    host: str
    port: int
    workers: int
    threads: int
    idle: timedelta
    longest_session: timedelta
    upload_limit: int
    file_limit: int
    proxies: tuple[str, ...]
    secure: bool
    public_url: str
    webhook_inside: bool
    clamd: str
    openid: Mapping[str, str]


def read(environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings in *environment* (os.environ if None); SetupError names an invalid variable."""
    env = os.environ if environment is None else environment
    return Settings(
        data=Path(env.get("ALUR_DATA") or "data").resolve(),
        files=_without_keys(env.get("ALUR_FILES", "")),
        keys={name: _key(env, stated) for name, stated in STATED_KEYS.items() if env.get(stated)},
        database_url=env.get("ALUR_DATABASE_URL") or None,
        processes=Path(env.get("ALUR_PROCESSES") or "processes").resolve(),
        forms=Path(env.get("ALUR_FORMS") or "forms").resolve(),
        office=env.get("ALUR_OFFICE") or "DPMPTSP Kota Pematangsiantar",
        host=env.get("ALUR_HOST") or "127.0.0.1",
        port=_number(env, "ALUR_PORT", 8000, 1, 65535),
        workers=_number(env, "ALUR_WORKERS", 2, 1, 64),
        threads=_number(env, "ALUR_THREADS", 4, 1, 256),
        idle=timedelta(minutes=_number(env, "ALUR_IDLE_MINUTES", 30, 1, 24 * 60)),
        longest_session=timedelta(hours=_number(env, "ALUR_SESSION_HOURS", 12, 1, 24 * 7)),
        upload_limit=_number(env, "ALUR_UPLOAD_MB", 100, 1, 2000) * MEGABYTE,
        file_limit=_number(env, "ALUR_FILE_MB", 25, 1, 2000) * MEGABYTE,
        proxies=tuple(part.strip() for part in env.get("ALUR_PROXY", "").split(",") if part.strip()),
        secure=env.get("ALUR_SECURE") == "1",
        public_url=_address(env.get("ALUR_PUBLIC_URL", "")),
        webhook_inside=env.get("ALUR_WEBHOOK_INSIDE") == "1",
        clamd=_daemon(env.get("ALUR_CLAMD", "")),
        openid=_openid(env),
    )


def _openid(env: Mapping[str, str]) -> dict[str, str]:
    """Return the settings of the OpenID provider, empty without an issuer; SetupError if it does not use HTTPS."""
    stated = {
        "issuer": env.get("ALUR_OIDC_ISSUER", ""),
        "client": env.get("ALUR_OIDC_CLIENT", ""),
        "secret": env.get("ALUR_OIDC_SECRET", ""),
        "scopes": env.get("ALUR_OIDC_SCOPES") or "openid profile",
        "claim": env.get("ALUR_OIDC_CLAIM") or "sub",
        "mfa": env.get("ALUR_OIDC_MFA", ""),
    }
    if not stated["issuer"]:
        return {}
    parts = urlsplit(stated["issuer"])
    if not stated["client"] or (parts.scheme != "https" and parts.hostname not in {"127.0.0.1", "localhost"}):
        raise SetupError("openid", text=stated["issuer"][:80])
    return stated


def _address(text: str) -> str:
    """Return an address without trailing slash; SetupError if it is invalid."""
    text = text.strip().rstrip("/")
    if text and not text.startswith(("https://", "http://")):
        raise SetupError("public_url", text=text[:80])
    return text


def _daemon(text: str) -> str:
    """Return the address of a daemon; SetupError if it is invalid, as all uploads would be refused."""
    if text and not re.fullmatch(r"/.+|.+:[0-9]{1,5}", text):
        raise SetupError("daemon_address", text=text[:80])
    return text


def _without_keys(url: str) -> str:
    """Return *url*; SetupError if it contains keys, since messages print it."""
    if re.search(r"://([^/]*@|.*\?)", url):
        raise SetupError("store_url_with_keys")
    return url


def _key(env: Mapping[str, str], name: str) -> bytes:
    if not re.fullmatch(r"[0-9a-fA-F]{64}", env[name]):
        raise SetupError("key_text", name=name)
    return bytes.fromhex(env[name])


def _number(env: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = env.get(name, "")
    if not text:
        return default
    if not text.isdecimal() or not least <= int(text) <= most:
        raise SetupError("number_of_settings", name=name, text=text, least=least, most=most)
    return int(text)
