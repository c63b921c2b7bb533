"""The test authority's OCSP responder: real HTTP on loopback, and it can misbehave."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from counter_tui.virtual.authority import TestAuthority
from tests.server.citizens.authorities import BEGAN, NOW, Authorities

GOOD, REVOKED, UNKNOWN = (
    ocsp.OCSPCertStatus.GOOD,
    ocsp.OCSPCertStatus.REVOKED,
    ocsp.OCSPCertStatus.UNKNOWN,
)


@dataclass
class Answering:
    """What the responder says, and in whose name."""

    certificate: x509.Certificate
    issuer: x509.Certificate
    signer: x509.Certificate
    key: RSAPrivateKey
    status: ocsp.OCSPCertStatus = GOOD
    this_update: datetime = NOW - timedelta(minutes=1)
    next_update: datetime | None = NOW + timedelta(hours=1)
    nonce: bytes | None = None
    """Instead of the one that was asked with."""
    leaves_nonce_out: bool = False
    raw: Callable[[bytes], bytes] | None = None
    asked: list[bytes] = field(default_factory=list)

    def answer(self, content: bytes) -> bytes:
        self.asked.append(content)
        if self.raw is not None:
            return self.raw(content)
        request = ocsp.load_der_ocsp_request(content)
        revoked = self.status == REVOKED
        builder = ocsp.OCSPResponseBuilder().add_response(
            self.certificate,
            self.issuer,
            SHA1(),  # noqa: S303
            self.status,
            self.this_update,
            self.next_update,
            NOW - timedelta(days=2) if revoked else None,
            x509.ReasonFlags.affiliation_changed if revoked else None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, self.signer)
        if self.signer != self.issuer:
            builder = builder.certificates([self.signer])
        if not self.leaves_nonce_out:
            asked = request.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
            builder = builder.add_extension(x509.OCSPNonce(self.nonce or asked), critical=False)
        return builder.sign(self.key, SHA256()).public_bytes(Encoding.DER)


def answering(authorities: Authorities) -> Answering:
    """The authority itself answers about its card."""
    authority = authorities.authority
    return Answering(
        authorities.certificate(), authority.certificate, authority.certificate, authority.key
    )


def delegated(
    authorities: Authorities,
    of: TestAuthority,
    *,
    for_ocsp: bool = True,
    until: datetime = NOW + timedelta(days=30),
) -> x509.Certificate:
    """A certificate that an authority gives its responder; its key is that of the cards."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(of.certificate.subject)
        .public_key(authorities.key.public_key())
        .serial_number(77)
        .not_valid_before(BEGAN)
        .not_valid_after(until)
    )
    if for_ocsp:
        uses = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])
        builder = builder.add_extension(uses, critical=False)
    return builder.sign(of.key, SHA256())


@contextmanager
def responding(answering: Answering) -> Iterator[str]:
    """Serve, and give the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.headers["Content-Type"] == "application/ocsp-request"
            answer = answering.answer(content)
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/ocsp"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
