"""Fills in Word templates (DOCX) with the data of a document, in the child of the press.

Expressions run in Jinja2's sandbox, which hides attributes that lead to code. Archives that expand too much or contain
macros are refused before they are unpacked.
"""

import io
import zipfile
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from docxtpl import DocxTemplate
from jinja2.exceptions import SecurityError, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from engine.model import dates
from engine.model.errors import NotPrinted

LARGEST = 30_000_000  # bytes, unpacked
MOST_ENTRIES = 500


def filled(name: str, template: bytes, data: Mapping[str, Any]) -> bytes:
    """Return *template* filled in with *data*; NotPrinted if the template is faulty."""
    _refuse_swollen(name, template)
    words = ImmutableSandboxedEnvironment(autoescape=True)
    words.filters.update(FILTERS)
    words.globals.clear()
    people = data.get("orang", {})
    words.globals["orang"] = lambda account: {"nama": account, **people.get(account, {})} if account else {}
    words.globals["jabatan"] = lambda account, role: _signs_as(people.get(account, {}), role, data.get("peran", {}))
    given = data.get("tanda_tangan") or ()
    words.globals["penandatangan"] = lambda account: given[-1]["akun"] if given else account
    words.globals["pemegang"] = lambda role: _sole_holder(people, role)
    context = {key: value for key, value in data.items() if key != "orang"}
    try:
        document = DocxTemplate(io.BytesIO(template))
        document.render(context, words, autoescape=True)
        saved = io.BytesIO()
        document.save(saved)
    except SecurityError as error:
        raise NotPrinted(name, None, f"memakai yang tidak boleh dipakai sebuah templat ({error})") from None
    except TemplateError as error:
        raise NotPrinted(name, getattr(error, "lineno", None), str(error)) from None
    except (ValueError, KeyError, TypeError, ArithmeticError, AttributeError) as error:
        raise NotPrinted(name, None, f"{type(error).__name__}: {error}") from None
    return _timeless(saved.getvalue())


def _refuse_swollen(name: str, template: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(template)) as archive:
            entries = archive.infolist()
    except zipfile.BadZipFile:
        raise NotPrinted(name, None, "bukan berkas Word (.docx)") from None
    if len(entries) > MOST_ENTRIES or sum(entry.file_size for entry in entries) > LARGEST:
        raise NotPrinted(name, None, "terlalu besar bila dibuka")
    if any("vbaProject" in entry.filename for entry in entries):
        raise NotPrinted(name, None, "memuat makro")


def _timeless(content: bytes) -> bytes:
    """Return the archive without times, so that the same data gives the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            kept = zipfile.ZipInfo(entry.filename)
            kept.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(kept, old.read(entry))
    return out.getvalue()


def _signs_as(person: Mapping[str, Any], role: str, roles: Mapping[str, str]) -> str:
    """Return the title over a signature: that of the role, or "a.n." (on behalf of) if the person lacks the role."""
    held = person.get("peran", {}).get(role)
    return held or f"a.n. {roles.get(role, role)}\n{person.get('jabatan', '')}"


def _sole_holder(people: Mapping[str, Mapping[str, Any]], role: str) -> str:
    found = [account for account, person in people.items() if role in person.get("peran", {})]
    return found[0] if len(found) == 1 else ""


def _number(value: Any, digits: int | None = None) -> str:
    if value in (None, ""):
        return "belum tersedia"
    number = Decimal(str(value))
    text = f"{number:,f}" if digits is None else f"{number:,.{digits}f}"
    if digits is None and "." in text:
        text = text.rstrip("0").rstrip(".")
    return text.translate(str.maketrans(",.", ".,"))


FILTERS: Mapping[str, Callable[..., str]] = {
    "tanggal": lambda value: dates.write_date(date.fromisoformat(str(value)[:10])) if value else "",
    "hari_tanggal": lambda value: dates.write_weekday(date.fromisoformat(str(value)[:10])) if value else "",
    "pukul": lambda value: f"{str(value)[:5].replace(':', '.')} WIB" if value else "",
    "angka": _number,
    "nip": lambda value: str(value or "").replace(" ", "\u00a0"),
    "rupiah": lambda value: f"Rp{_number(value)}" if value not in (None, "") else "belum tersedia",
}
