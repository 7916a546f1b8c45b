"""Sends one HTTP request, with a deadline and a limit on the answer's size. Redirects are not followed.

A URL must not lead into the office's own network (SSRF): the name is resolved once, all its addresses must be public
(unless *inside* allows others), and the request goes to the address that was checked.
"""

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Mapping
from contextlib import closing
from urllib.parse import urlsplit

from engine.channels.deadlines import deadline
from engine.channels.faults import Away

TIMEOUT, LONGEST = 10.0, 20.0
NAT64 = ipaddress.ip_network("64:ff9b::/96")
FAULTS = (http.client.HTTPException, OSError, ValueError)


def exchange(
    method: str, url: str, headers: Mapping[str, str], body: bytes | None, *, inside: bool, most: int = 0
) -> tuple[int, bytes]:
    """Return the status of the answer and at most *most* bytes of its content; Away if there is no answer."""
    parts = urlsplit(url)
    path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    try:
        secure = parts.scheme == "https"
        made = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection: http.client.HTTPConnection = made(parts.hostname or "", parts.port, timeout=TIMEOUT)
        with closing(connection), deadline(lambda: connection.sock, LONGEST):
            connection.sock = _connected(connection.host, connection.port, inside)
            if secure:
                context = ssl.create_default_context()
                connection.sock = context.wrap_socket(connection.sock, server_hostname=connection.host)
            connection.request(method, path, body, {"User-Agent": "Alur", **headers})
            answer = connection.getresponse()
            return answer.status, answer.read(most) if most else b""
    except FAULTS as error:
        raise Away(" ".join(str(error).split())[:300] or type(error).__name__) from None


def _connected(host: str, port: int, inside: bool) -> socket.socket:
    """Connect to *host*; OSError if one of its addresses is not public."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for *_, place in found:
        address = _unwrapped(ipaddress.ip_address(str(place[0]).partition("%")[0]))
        if not inside and (not address.is_global or address.is_multicast):
            raise OSError(f"{host} ({address}) bukan alamat internet umum")
    return socket.create_connection((str(found[0][4][0]), port), timeout=TIMEOUT)


def _unwrapped(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Return the IPv4 address that is embedded in an IPv6 address (RFC 4291, 3056, 6052), else *address*."""
    if isinstance(address, ipaddress.IPv6Address):
        if address in NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        return address.ipv4_mapped or address.sixtofour or address
    return address
