"""Signs people in at an OpenID Connect provider (Core 1.0, Discovery 1.0): authorization code, PKCE, state and nonce.

Authlib validates the claims, joserfc verifies signatures (RSA, ECDSA up to P-521, Edwards curves), and
``http_exchange`` sends the requests; Authlib's client would need a class of ours around each of its two. The provider
is set in the environment, not on a page, because a provider can sign in as anybody. As the operator chooses it, it may
be in the office's own network.
"""

import base64
import hashlib
import hmac
import json
import math
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit

from engine.channels.faults import Away, Refused
from engine.channels.http_exchange import exchange

ALGORITHMS = ("RS256", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")  # of an id_token; none that uses a shared secret
KINDS = ("RSA", "EC", "OKP")
LARGEST = 256 * 1024  # bytes of an answer
LEEWAY = 120  # seconds that the clocks may differ
LEFT_ALONE = 5.0  # seconds without requests after one that was not answered
KEPT, ASKED_AGAIN = 3600.0, 60.0  # seconds: discovery and keys are cached; an unknown key refreshes the cache sooner


@dataclass(frozen=True, slots=True)
class Identity:
    """The person: *value* of the claim in the settings; *strong* if a second factor was used."""

    value: str
    strong: bool


@dataclass
class Provider:
    """A provider; *mfa* are the values of ``amr`` and ``acr`` that count as a second factor."""

    issuer: str
    client_id: str
    secret: str
    scopes: str
    claim: str
    mfa: frozenset[str]
    _kept: dict[str, tuple[float, dict[str, Any]]] = field(default_factory=dict)
    _away: tuple[float, str] = (-math.inf, "")

    def begin(self, back: str) -> tuple[str, dict[str, str]]:
        """Return the address to send the browser to, and the values that ``finish`` needs; Away without an answer."""
        held = {name: secrets.token_urlsafe(32) for name in ("state", "nonce", "verifier")}
        hashed = base64.urlsafe_b64encode(hashlib.sha256(held["verifier"].encode()).digest()).decode().rstrip("=")
        asked = {"response_type": "code", "client_id": self.client_id, "redirect_uri": back, "scope": self.scopes}
        asked |= {"state": held["state"], "nonce": held["nonce"]}
        asked |= {"code_challenge": hashed, "code_challenge_method": "S256"}
        return _address(self._metadata()["authorization_endpoint"], asked), held

    def finish(self, said: Mapping[str, str], held: Mapping[str, str], back: str, now: datetime) -> Identity:
        """Return the person whom the provider names; Refused (state, issuer, denied, answer, proof, claim) or Away."""
        ours = held.get("state", "")
        if not ours or not hmac.compare_digest(said.get("state", "").encode(), ours.encode()):
            raise Refused("state", for_good=True)
        metadata = self._metadata()
        named = self.issuer if not metadata.get("authorization_response_iss_parameter_supported") else None
        if said.get("iss", named) != self.issuer:  # RFC 9207: the answer of another provider
            raise Refused("issuer", for_good=True)
        if "error" in said or not said.get("code"):
            raise Refused("denied" if said.get("error") == "access_denied" else "answer", for_good=True)
        token = self._token(said["code"], held["verifier"], back)
        claims = self._claims(token, held["nonce"], now)
        if self.claim not in claims and "userinfo_endpoint" in metadata:
            bearer = {"Authorization": f"Bearer {token.get('access_token')}"}
            more = self._json(metadata["userinfo_endpoint"], bearer)
            claims = {**more, **claims} if more.get("sub") == claims["sub"] else claims
        value = claims.get(self.claim)
        who, amr = str(value).strip() if isinstance(value, str | int) else "", claims.get("amr")
        if not who or not who.isprintable():  # PostgreSQL refuses some control characters
            raise Refused("claim", for_good=True)
        by = [claims.get("acr"), *(amr if isinstance(amr, list) else ())]
        return Identity(who, any(each in self.mfa for each in by if isinstance(each, str)))

    def leave(self, back: str) -> str:
        """Return the address for signing out at the provider; empty if it has none."""
        asked = {"client_id": self.client_id, "post_logout_redirect_uri": back}
        return _address(self._metadata().get("end_session_endpoint", ""), asked)

    def _claims(self, token: Mapping[str, Any], nonce: str, now: datetime) -> dict[str, Any]:
        """Return the claims of the id_token, after checks of signature, issuer, audience, time and nonce."""
        from authlib.oidc.core import CodeIDToken  # noqa: PLC0415
        from joserfc.errors import JoseError  # noqa: PLC0415

        place = self._metadata()["jwks_uri"]
        try:
            read = self._verified(token, place)
        except JoseError:  # the provider may have changed its keys
            if time.monotonic() - self._kept[place][0] < ASKED_AGAIN:
                raise Refused("proof", for_good=True) from None
            del self._kept[place]
            return self._claims(token, nonce, now)
        wanted = {"iss": {"essential": True, "value": self.issuer}, "aud": {"essential": True, "value": self.client_id}}
        params = {"nonce": nonce, "client_id": self.client_id, "access_token": token.get("access_token")}
        try:
            CodeIDToken(read.claims, read.header, wanted, params).validate(int(now.timestamp()), LEEWAY)
        except JoseError:
            raise Refused("proof", for_good=True) from None
        return dict(read.claims)

    def _verified(self, token: Mapping[str, Any], place: str) -> Any:
        from joserfc import jwt  # noqa: PLC0415
        from joserfc.errors import JoseError  # noqa: PLC0415
        from joserfc.jwk import KeySet  # noqa: PLC0415
        from joserfc.jws import JWSRegistry  # noqa: PLC0415

        keys = [each for each in self._json(place).get("keys", ()) if each.get("kty") in KINDS]
        keys = [each for each in keys if each.get("use", "sig") == "sig"]
        try:
            registry = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
            return jwt.decode(str(token.get("id_token", "")), KeySet.import_key_set({"keys": keys}), registry=registry)
        except (ValueError, TypeError, KeyError) as error:  # not a token, or not a key
            raise JoseError(str(error)) from None

    def _token(self, code: str, verifier: str, back: str) -> dict[str, Any]:
        """Exchange a code for tokens (RFC 6749, 4.1.3): with the secret as the provider takes it, or by PKCE alone."""
        metadata, headers = self._metadata(), {"Content-Type": "application/x-www-form-urlencoded"}
        sent = {"grant_type": "authorization_code", "code": code, "redirect_uri": back, "code_verifier": verifier}
        basic = "client_secret_basic" in metadata.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        if self.secret and basic:
            named = f"{quote_plus(self.client_id)}:{quote_plus(self.secret)}"
            headers["Authorization"] = f"Basic {base64.b64encode(named.encode()).decode()}"
        else:
            sent |= {"client_id": self.client_id} | ({"client_secret": self.secret} if self.secret else {})
        status, content = self._ask("POST", metadata["token_endpoint"], headers, urlencode(sent).encode())
        if status >= 500:
            raise Away(f"HTTP {status}")
        token = json.loads(content)
        if status >= 400 or "error" in token:
            raise Refused("answer", for_good=True)
        return dict(token)

    def _metadata(self) -> dict[str, Any]:
        found = self._json(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != self.issuer:
            raise Refused("issuer", for_good=True)
        return found

    def _json(self, url: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Return the JSON at *url*; cached for an hour unless *headers* make it personal."""
        at, kept = self._kept.get(url, (0.0, {}))
        if headers is None and kept and time.monotonic() - at < KEPT:
            return kept
        status, content = self._ask("GET", url, {"Accept": "application/json", **(headers or {})}, None)
        try:
            found = json.loads(content) if status == 200 else None
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise Away(f"HTTP {status}")
        if headers is None:
            self._kept[url] = time.monotonic(), found
        return found

    def _ask(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> tuple[int, bytes]:
        if urlsplit(url).scheme not in {"https", urlsplit(self.issuer).scheme}:
            raise Away("bukan https")
        at, cause = self._away
        if time.monotonic() - at < LEFT_ALONE:
            raise Away(cause)
        try:
            return exchange(method, url, headers, body, inside=True, most=LARGEST)
        except Away as away:  # the next callers need not wait for the timeout
            self._away = time.monotonic(), str(away)
            raise


def _address(said: Any, asked: Mapping[str, str]) -> str:
    """Return an address of the provider with what is asked of it; an empty one stays so."""
    if not isinstance(said, str) or not (said.isascii() and said.isprintable()):
        raise Away("alamat tidak terbaca")
    return f"{said}{'&' if urlsplit(said).query else '?'}{urlencode(asked)}" if said else ""
