"""Why the server's certificate is not accepted (SEC-1).

gRPC tells of a failed handshake as of any silence. Where a call failed, the handshake is made
once more by itself, and its own verdict is read.
"""

import asyncio
import ssl
from contextlib import suppress
from enum import StrEnum

from counter_tui.texts import _, later

SECONDS_MAX = 2.0
_CHECK_NAMES = (62, 64)
"""OpenSSL's verdicts: the host's name is another, the address is another."""
_NOT_YET, _EXPIRED = 9, 10


class CertificateTrouble(StrEnum):
    """What is wrong with it."""

    EXPIRED = "SERVER_CERTIFICATE_EXPIRED"
    NOT_YET_GOOD = "SERVER_CERTIFICATE_NOT_YET_GOOD"
    OTHER_NAME = "SERVER_CERTIFICATE_FOR_ANOTHER_NAME"
    OTHER_AUTHORITY = "SERVER_CERTIFICATE_OF_ANOTHER_AUTHORITY"


_TEXTS = {
    CertificateTrouble.EXPIRED: later(
        "サーバーの証明書の有効期限が切れています。"
        "この機械の日付と時刻が正しければ、運営者に証明書の更新を依頼してください。"
    ),
    CertificateTrouble.NOT_YET_GOOD: later(
        "サーバーの証明書はまだ有効になっていません。この機械の日付と時刻を確認してください。"
    ),
    CertificateTrouble.OTHER_NAME: later(
        "サーバーの証明書は別の名前のものです。"
        "接続先({address})を確認し、正しければ運営者に連絡してください。"
    ),
    CertificateTrouble.OTHER_AUTHORITY: later(
        "サーバーの証明書は、この機械に設定した認証局のものではありません。"
        "接続先({address})を確認し、正しければ運営者に連絡してください。"
    ),
}


def trouble_text(trouble: CertificateTrouble, address: str) -> str:
    """Return what is wrong in one sentence, and what to do in the next."""
    return _(_TEXTS[trouble]).format(address=address)


async def certificate_trouble(address: str, authority: bytes) -> CertificateTrouble | None:
    """Make a handshake with the server at HOST:PORT; None where that says nothing of it.

    `authority` (PEM) must have signed the server's certificate.
    """
    host, _sep, port = address.rpartition(":")
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=authority.decode("ascii", "ignore"))
        context.set_alpn_protocols(["h2"])
        async with asyncio.timeout(SECONDS_MAX):
            _reader, writer = await asyncio.open_connection(
                host.strip("[]"), int(port), ssl=context
            )
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
    except ssl.SSLCertVerificationError as error:
        return _read(error.verify_code)
    except (OSError, ValueError):
        return None
    return None


def _read(verdict: int) -> CertificateTrouble:
    if verdict in _CHECK_NAMES:
        return CertificateTrouble.OTHER_NAME
    if verdict == _EXPIRED:
        return CertificateTrouble.EXPIRED
    if verdict == _NOT_YET:
        return CertificateTrouble.NOT_YET_GOOD
    return CertificateTrouble.OTHER_AUTHORITY
