"""Hands each record on with an HTTP POST, the transaction number as idempotency key."""

import http.client
import ssl
from codecs import BOM_UTF8
from collections.abc import Callable
from pathlib import Path
from typing import Final, NoReturn
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener, getproxies

from merge_driver.errors import DriverError
from merge_driver.outputs.forms import json_line
from merge_driver.outputs.recipient import HandOnError
from merge_driver.record import TakenRecord

_FIRST_WAIT_SECONDS: Final = 1.0
_WAIT_SECONDS_MAX: Final = 30.0
_ANSWER_BYTES_SHOWN: Final = 200
_ABOUT_THE_RECORD: Final = frozenset({400, 404, 409, 410, 413, 415, 422})
_WORTH_REPEATING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})


class _NoRedirect(HTTPRedirectHandler):
    """A redirect is an answer like another: points go to the address that was set, or nowhere."""

    def redirect_request(self, *_: object) -> None:
        """Follow none."""


class HttpPost:
    """A street's system that takes records by HTTP.

    An answer of 2xx means taken. `attempts` bounds how often a record is sent in one run;
    `wait` waits so many seconds between them, and says whether it was told to stop.
    """

    def __init__(
        self,
        url: str,
        token_file: Path | None,
        timeout_seconds: float,
        attempts: int,
        wait: Callable[[float], bool],
    ) -> None:
        self._url = url
        self._timeout_seconds = timeout_seconds
        self._attempts = attempts
        self._wait = wait
        proxies = {name: proxy for name, proxy in getproxies().items() if name == "https"}
        self._opener = build_opener(_NoRedirect, ProxyHandler(proxies))  # http is loopback's
        self._headers = {"Content-Type": "application/json", "User-Agent": "merge-driver"}
        if token_file is not None:
            self._headers["Authorization"] = f"Bearer {_token(token_file)}"

    def hand_on(self, record: TakenRecord) -> None:
        """Send a record until it is taken. Raises HandOnError."""
        seconds = _FIRST_WAIT_SECONDS
        for attempts_left in range(self._attempts - 1, -1, -1):
            try:
                self._post(record)
                return
            except _NotNowError as error:
                if not attempts_left or self._wait(error.seconds or seconds):
                    raise HandOnError(str(error), of_this_record=False) from error
            seconds = min(2 * seconds, _WAIT_SECONDS_MAX)

    def _post(self, record: TakenRecord) -> None:
        headers = {**self._headers, "Idempotency-Key": record.transaction_number}
        request = Request(self._url, json_line(record).encode("ascii"), headers, method="POST")  # noqa: S310 -- checked in settings
        try:
            with self._opener.open(request, timeout=self._timeout_seconds) as answer:
                answer.read(_ANSWER_BYTES_SHOWN)
        except HTTPError as error:
            with error:
                self._refuse(error)
        except (URLError, OSError, http.client.HTTPException) as error:
            cause = error.reason if isinstance(error, URLError) else error
            if isinstance(cause, ssl.SSLCertVerificationError):
                raise HandOnError(f"{self._url}: {cause}", of_this_record=False) from error
            raise _NotNowError(f"{self._url}: {cause or type(error).__name__}") from error

    def _refuse(self, error: HTTPError) -> NoReturn:
        text = error.read(_ANSWER_BYTES_SHOWN).decode("utf-8", "replace").strip()
        message = f"{self._url}: HTTP {error.code} {error.reason}{': ' if text else ''}{text}"
        if error.code in _WORTH_REPEATING:
            raise _NotNowError(message, _retry_after(error))
        raise HandOnError(message, of_this_record=error.code in _ABOUT_THE_RECORD)


class _NotNowError(Exception):
    """Sending again may help, after so many seconds where the other side named them."""

    def __init__(self, message: str, seconds: float | None = None) -> None:
        super().__init__(message)
        self.seconds = seconds


def _retry_after(error: HTTPError) -> float | None:
    text = error.headers.get("Retry-After", "")
    return min(float(text), _WAIT_SECONDS_MAX) if text.isascii() and text.isdecimal() else None


def _token(path: Path) -> str:
    try:
        token = path.read_bytes().removeprefix(BOM_UTF8).decode("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise DriverError(f"{path}: the token cannot be read: {error}") from error
    if not token.isprintable() or not token:
        raise DriverError(f"{path}: this is no token of printable ASCII characters in one line")
    return token
