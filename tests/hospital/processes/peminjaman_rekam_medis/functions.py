"""What a loan of medical records reckons: where each lies, and what becomes of those that were lent.

A record lies on the shelf of the last two digits of its number (terminal digit filing), so that the register of
shelves alone says where to look on the day of the visit.
"""

from collections.abc import Mapping, Sequence
from typing import Any

Rows = Sequence[Mapping[str, Any]]
CLINICS = {"anak": "Poli Anak", "bedah": "Poli Bedah", "dalam": "Poli Penyakit Dalam"}


def nama_poli(poli: str | None) -> str:
    """Return how a clinic is called."""
    return CLINICS.get(str(poli), str(poli))


def rak_berkas(rak: Rows, nomor: str) -> str | None:
    """Return the shelf on which the record *nomor* lies; None if no shelf has its last two digits."""
    last = int(nomor[-2:])
    return next((row["rak"] for row in rak if row["akhiran_dari"] <= last <= row["akhiran_sampai"]), None)


def berkas_dicari(diminta: Rows, rak: Rows) -> list[dict[str, Any]]:
    """Return a row for each record that was asked for, in the order of the shelves, as one walks past them."""
    found = [
        {"nomor": row["nomor"], "pasien": row["pasien"], "rak": rak_berkas(rak, row["nomor"]) or "tidak ada rak"}
        for row in diminta
    ]
    return sorted(found, key=lambda row: (row["rak"], row["nomor"][-2:], row["nomor"]))


def berkas_dipinjam(telusur: Rows) -> list[dict[str, Any]]:
    """Return the records that were found, which are those that can be lent."""
    found = (row for row in telusur if row["keadaan"] != "tidak_ditemukan")
    return [{name: row[name] for name in ("nomor", "pasien", "lembar")} for row in found]


def selisih_lembar(baris: Mapping[str, Any]) -> Any:
    """Return how many sheets a record came back with beyond those it was lent with; negative if some are missing."""
    return None if baris["lembar_kembali"] is None else baris["lembar_kembali"] - baris["lembar"]
