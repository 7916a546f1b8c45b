"""Validates certified signatures in PDFs (PAdES): whether the file is as signed, by whom, and who certifies that.

Each signature of a PDF covers the bytes before it. pyHanko checks each, but bytes appended after the last one leave all
valid (``bottom_line`` is true), so the last signature must cover the whole file. The same rule refuses files whose
revocation data was appended after signing (PAdES-LT without a closing time stamp).

Nothing is fetched: the office may have no network, and a file must not choose whom we ask. So revocation is known only
if it is embedded. Only the operator adds trusted roots; a file of an unknown issuer counts as intact, not as trusted.
"""

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_der_x509_certificate, load_pem_x509_certificates

from engine.documents.sandbox import ChildEnded, call
from engine.model.errors import AlurError

LARGEST = 50 * 1024 * 1024
MOST_SIGNATURES = 20
ENDINGS = (".pem", ".crt", ".cer")
BSRE = "Balai Sertifikasi Elektronik"
"""The government's issuer. Its footer is for documents that its certificate signed under a trusted root."""


class SignatureRefused(AlurError):
    """A file is refused as a signed PDF.

    *reason*: not_pdf, broken, encrypted, too_large, unsigned, changed, appended, revoked, exhausting.
    """

    def __init__(self, reason: str, signer: str = "") -> None:
        super().__init__(f"{reason}: {signer}" if signer else reason)
        self.reason = reason
        self.signer = signer


def roots(names: Iterable[str], read: Callable[[str], bytes]) -> list[bytes]:
    """Return the certificates (DER) in the operator's files; other contents are logged and left out."""
    found = []
    for name in sorted(names):
        if not name.lower().endswith(ENDINGS):
            continue
        try:
            content = read(name)
            is_text = b"-----BEGIN" in content
            certificates = load_pem_x509_certificates(content) if is_text else [load_der_x509_certificate(content)]
        except (OSError, ValueError) as error:
            import structlog  # noqa: PLC0415 - which the child has no use for

            structlog.get_logger(__name__).warning("no certificate", file=name, cause=str(error))
        else:
            found += [each.public_bytes(Encoding.DER) for each in certificates]
    return found


def validate(content: bytes, trusted: Sequence[bytes] | None, now: datetime) -> dict[str, Any]:
    """Return the facts about the signatures of a PDF; SignatureRefused if one is invalid or does not cover the file.

    ``{"trust": "trusted" | "unknown" | "expired", "bsre": bool, "signatures": [{signer, organization, issuer, serial,
    claimed_at, timestamped, trust}, ...]}``, with texts, booleans or None. If *trusted* is None, only check that the
    PDF is readable and has a page, as for a scan.
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
    """Return the result of :func:`validate` as plain data, or the reason for refusal; never raise."""
    try:
        return _found(question["content"], question["roots"], datetime.fromisoformat(question["now"]))
    except SignatureRefused as refused:
        return {"refused": refused.reason, "signer": refused.signer}
    except MemoryError:
        return {"refused": "exhausting"}
    except Exception as error:  # the libraries raise many types for malformed files
        return {"refused": "exhausting" if type(error).__name__ == "PdfDecodeLimitError" else "broken"}


def _found(content: bytes, trusted: Sequence[bytes] | None, now: datetime) -> dict[str, Any]:
    from pyhanko.pdf_utils.reader import PdfFileReader  # noqa: PLC0415 - in the child alone

    if not content[:1024].lstrip().startswith(b"%PDF-"):
        raise SignatureRefused("not_pdf")
    reader: Any = PdfFileReader(io.BytesIO(content), strict=trusted is not None)  # scanners write all sorts
    if reader.encrypted:
        raise SignatureRefused("encrypted")
    reader.find_page_for_modification(0)
    if trusted is None:
        return {}
    from pyhanko.sign.validation import validate_pdf_timestamp  # noqa: PLC0415 - a third of a second, not for a scan
    from pyhanko.sign.validation.status import SignatureCoverageLevel  # noqa: PLC0415

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
            facts.append(_facts_of(one, trusted, now))
    if embedded[-1].evaluate_signature_coverage() is not SignatureCoverageLevel.ENTIRE_FILE:
        raise SignatureRefused("appended", facts[-1]["signer"])
    known = {each["trust"] for each in facts}
    trust = next(each for each in ("unknown", "expired", "trusted") if each in known)
    issued_by_bsre = all(each["trust"] == "trusted" and BSRE in str(each["issued_by"]) for each in facts)
    return {"trust": trust, "bsre": issued_by_bsre, "signatures": facts}


def _facts_of(one: Any, trusted: Sequence[bytes], now: datetime) -> dict[str, Any]:
    """Return the facts about one signature; SignatureRefused if it is invalid."""
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
