"""Certificates and signed PDFs, made while a test runs: an authority, somebody it knows, and what they sign."""

import io
from datetime import UTC, datetime, timedelta
from functools import cache

from asn1crypto import keys, x509
from cryptography import x509 as builder
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.writer import PageObject, PdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import SigFieldSpec
from pyhanko_certvalidator.registry import SimpleCertificateStore

SIGNED_AT = datetime(2025, 4, 10, tzinfo=UTC)
LASTS = timedelta(days=365)


def paper(words="Laporan"):
    """A PDF of one page."""
    writer = PdfFileWriter()
    stream = generic.StreamObject(stream_data=f"BT /F1 12 Tf 72 720 Td ({words}) Tj ET".encode())
    page = PageObject(
        contents=writer.add_object(stream), media_box=generic.ArrayObject(map(generic.NumberObject, (0, 0, 595, 842)))
    )
    writer.insert_page(page)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


class Authority:
    """Whoever vouches for people."""

    def __init__(self, name="Otoritas Uji", organization="Badan Uji", until=SIGNED_AT + LASTS):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = _name(name, organization)
        self.certificate = self._sign(self.name, self.key.public_key(), authority=True, until=until)

    @property
    def pem(self):
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def der(self):
        return self.certificate.public_bytes(serialization.Encoding.DER)

    def signer(self, name="Kepala Dinas", *, until=SIGNED_AT + LASTS):
        """Somebody with a certificate of this authority, as pyHanko signs for them."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._sign(_name(name, "Dinas Contoh"), key.public_key(), until=until)
        known = SimpleCertificateStore()
        known.register(x509.Certificate.load(self.der))
        plain = key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return signers.SimpleSigner(
            signing_cert=x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER)),
            signing_key=keys.PrivateKeyInfo.load(plain),
            cert_registry=known,
        )

    def _sign(self, subject, public_key, *, authority=False, until=SIGNED_AT + LASTS):
        made = (
            builder.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(public_key)
            .serial_number(builder.random_serial_number())
            .not_valid_before(SIGNED_AT - LASTS)
            .not_valid_after(until)
            .add_extension(builder.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(
                builder.KeyUsage(
                    digital_signature=not authority,
                    content_commitment=not authority,
                    key_cert_sign=authority,
                    crl_sign=authority,
                    key_encipherment=False,
                    data_encipherment=False,
                    key_agreement=False,
                    encipher_only=False,
                    decipher_only=False,
                ),
                critical=True,
            )
        )
        return made.sign(self.key, hashes.SHA256())


def _name(common, organization):
    return builder.Name(
        [
            builder.NameAttribute(NameOID.COUNTRY_NAME, "ID"),
            builder.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
            builder.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def sign(content, signer, field="TandaTangan1"):
    """*content* with one more signature, appended as an incremental update."""
    writer = IncrementalPdfFileWriter(io.BytesIO(content))
    metadata = signers.PdfSignatureMetadata(field_name=field, name="uji")
    out = signers.PdfSigner(metadata, signer, new_field_spec=SigFieldSpec(field)).sign_pdf(writer)
    return out.getvalue()


@cache
def authority(name="Otoritas Uji", organization="Badan Uji"):
    """The same authority for a whole run: keys cost time."""
    return Authority(name, organization)
