"""Certified signatures in PDFs: is the file what was signed, who signed it, and who vouches for that.

A PDF may carry several signatures, each over the bytes before it. pyHanko answers for each whether its bytes are intact
and its certificate leads to a trusted root; but bytes that were appended after the last one disturb none of them
(measured: ``bottom_line`` stays true), so the last signature must cover the whole file. Files whose revocation data
was appended after signing (PAdES-LT without a closing time stamp) are refused by the same rule, and said to be so.

Nothing is fetched: the office may have no network, and a file must not choose whom we ask. Hence revocation is known
only if it is embedded. Roots are the operator's: none is built in, and a file of an unknown issuer is intact, no more.
The file is read in a child that keeps to limits; what comes back is plain data.
"""

import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_der_x509_certificate, load_pem_x509_certificates

from engine.documents.sandbox import ChildEnded, call
from engine.model.errors import AlurError

log = structlog.get_logger(__name__)
LARGEST = 50 * 1024 * 1024
MOST_SIGNATURES = 20
ENDINGS = (".pem", ".crt", ".cer")
BSRE = "Balai Sertifikasi Elektronik"
"""The government's issuer: only what its certificate signed, and a trusted root vouches for, may carry its footer."""


class SignatureRefused(AlurError):
    """A file is not taken as a signed PDF; *reason* is a key.

    "not_pdf", "broken", "encrypted", "too_large", "unsigned", "changed", "appended", "revoked", "exhausting".
    """

    def __init__(self, reason: str, signer: str = "") -> None:
        super().__init__(f"{reason}: {signer}" if signer else reason)
        self.reason = reason
        self.signer = signer


def roots(folder: Path) -> list[bytes]:
    """Return the certificates (DER) that the operator put into *folder*; what is none is left out, and logged."""
    found = []
    for path in sorted(folder.glob("*")) if folder.is_dir() else ():
        if path.suffix.lower() not in ENDINGS:
            continue
        try:
            content = path.read_bytes()
            is_text = b"-----BEGIN" in content
            certificates = load_pem_x509_certificates(content) if is_text else [load_der_x509_certificate(content)]
        except (OSError, ValueError) as error:
            log.warning("no certificate", file=path.name, cause=str(error))
        else:
            found += [each.public_bytes(Encoding.DER) for each in certificates]
    return found


def validate(content: bytes, trusted: Sequence[bytes] | None, now: datetime) -> dict[str, Any]:
    """Return what the signatures of a PDF are found to be; SignatureRefused if they do not hold for all of the file.

    ``{"trust": "trusted" | "unknown" | "expired", "bsre": bool, "signatures": [{signer, organization, issuer, serial,
    claimed_at, timestamped, trust}, ...]}``: each value text, boolean or None. Without *trusted*
    nothing is asked but that it can be read and has a page, as a scan must.
    """
    if len(content) > LARGEST:
        raise SignatureRefused("too_large")
    question = {"content": content, "roots": trusted, "now": now.astimezone(UTC).isoformat()}
    try:
        answer: dict[str, Any] = call("engine.documents.signatures:answered", question)
    except ChildEnded:
        raise SignatureRefused("exhausting") from None
    if "refused" in answer:
        raise SignatureRefused(answer["refused"], answer.get("signer", ""))
    return answer


# ── the child ───────────────────────────────────────────────────────────────────────────────────────────────────────


def answered(question: Mapping[str, Any]) -> dict[str, Any]:
    """Answer :func:`validate` as plain data; whatever a file makes the readers raise, it is refused."""
    try:
        return _found(question["content"], question["roots"], datetime.fromisoformat(question["now"]))
    except SignatureRefused as refused:
        return {"refused": refused.reason, "signer": refused.signer}
    except MemoryError:
        return {"refused": "exhausting"}
    except Exception as error:  # a file made by a stranger, read by libraries that say so in many ways
        return {"refused": "exhausting" if type(error).__name__ == "PdfDecodeLimitError" else "broken"}


def _found(content: bytes, trusted: Sequence[bytes] | None, now: datetime) -> dict[str, Any]:
    from pyhanko.pdf_utils.reader import PdfFileReader  # noqa: PLC0415 - half a second, in the child alone
    from pyhanko.sign.validation import validate_pdf_timestamp  # noqa: PLC0415
    from pyhanko.sign.validation.status import SignatureCoverageLevel  # noqa: PLC0415

    if not content[:1024].lstrip().startswith(b"%PDF-"):
        raise SignatureRefused("not_pdf")
    reader: Any = PdfFileReader(io.BytesIO(content), strict=trusted is not None)  # scanners write all sorts
    if reader.encrypted:
        raise SignatureRefused("encrypted")
    reader.find_page_for_modification(0)
    if trusted is None:
        return {}
    embedded = reader.embedded_signatures
    if not reader.embedded_regular_signatures:
        raise SignatureRefused("unsigned")
    if len(embedded) > MOST_SIGNATURES:
        raise SignatureRefused("exhausting")
    facts = []
    for one in embedded:
        if one.sig_object_type == "/DocTimeStamp":
            stamp = validate_pdf_timestamp(one, validation_context=_context(trusted, now))
            if not (stamp.intact and stamp.valid):
                raise SignatureRefused("changed", "stempel waktu")
        else:
            facts.append(_of_one(one, trusted, now))
    if embedded[-1].evaluate_signature_coverage() is not SignatureCoverageLevel.ENTIRE_FILE:
        raise SignatureRefused("appended", facts[-1]["signer"])
    known = {each["trust"] for each in facts}
    trust = next(each for each in ("unknown", "expired", "trusted") if each in known)
    issued_by_bsre = all(each["trust"] == "trusted" and BSRE in str(each["issued_by"]) for each in facts)
    return {"trust": trust, "bsre": issued_by_bsre, "signatures": facts}


def _of_one(one: Any, trusted: Sequence[bytes], now: datetime) -> dict[str, Any]:
    """Return who signed; SignatureRefused if what they signed is not what is there."""
    from pyhanko.sign.ades.report import AdESIndeterminate  # noqa: PLC0415
    from pyhanko.sign.validation import validate_pdf_signature  # noqa: PLC0415

    certificate = one.signer_cert
    subject, issuer = certificate.subject.native, certificate.issuer.native
    signer = _text(subject.get("common_name")) or certificate.subject.human_friendly
    status = validate_pdf_signature(one, signer_validation_context=_context(trusted, now))
    if not (status.intact and status.valid):
        raise SignatureRefused("changed", signer)
    if status.modification_level is not None and not status.docmdp_ok:
        raise SignatureRefused("changed", signer)
    if status.revoked:
        raise SignatureRefused("revoked", signer)
    expired = status.trust_problem_indic in (AdESIndeterminate.EXPIRED, AdESIndeterminate.OUT_OF_BOUNDS_NO_POE)
    claimed = status.signer_reported_dt
    return {
        "signer": signer,
        "organization": _text(subject.get("organization_name")) or None,
        "issuer": _text(issuer.get("common_name")) or certificate.issuer.human_friendly,
        "issued_by": certificate.issuer.human_friendly,
        "serial": format(certificate.serial_number, "x"),
        "claimed_at": None if claimed is None else claimed.astimezone(UTC).isoformat(),
        "timestamped": status.timestamp_validity is not None,
        "trust": "trusted" if status.trusted else "expired" if expired else "unknown",
    }


def _context(trusted: Sequence[bytes], now: datetime) -> Any:
    from pyhanko.keys import load_certs_from_pemder_data  # noqa: PLC0415
    from pyhanko_certvalidator import ValidationContext  # noqa: PLC0415

    found = [certificate for der in trusted for certificate in load_certs_from_pemder_data(der)]
    return ValidationContext(trust_roots=found, allow_fetching=False, moment=now)


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value or "")
