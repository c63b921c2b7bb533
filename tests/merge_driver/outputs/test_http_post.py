"""Records by HTTP, to a real server of the standard library that answers as it is told."""

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from merge_driver.errors import DriverError
from merge_driver.outputs.http_post import HttpPost
from merge_driver.outputs.recipient import HandOnError
from merge_driver.record import TakenRecord

RECORD = TakenRecord("000002", "123456789", 500, "2017123100001", "000002-2017123100001.mrg")


@dataclass
class Answers:
    """What the street's system answers, one after the other, and what it was sent."""

    codes: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def answers() -> Iterator[Answers]:
    told = Answers()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            told.headers.append(dict(self.headers))
            code, headers, body = told.codes.pop(0) if told.codes else (204, {}, b"")
            self.send_response(code)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    told.url = f"http://127.0.0.1:{server.server_port}/points"
    yield told
    server.shutdown()
    thread.join()
    server.server_close()


class Waits:
    """The pauses that were asked for; none is waited."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.stop_at: int | None = None

    def __call__(self, seconds: float) -> bool:
        self.seconds.append(seconds)
        return len(self.seconds) == self.stop_at


def post(answers: Answers, waits: Waits, token_file: Path | None = None) -> HttpPost:
    return HttpPost(answers.url, token_file, 5.0, 4, waits)


@pytest.mark.parametrize("code", [200, 201, 202, 204])
def test_a_record_is_sent_with_its_number_as_idempotency_key(answers: Answers, code: int) -> None:
    answers.codes = [(code, {}, b"" if code == 204 else b"thank you")]
    post(answers, Waits()).hand_on(RECORD)
    (body,), (headers,) = answers.bodies, answers.headers
    assert json.loads(body) == {
        "issuer_id": "000002",
        "id": "123456789",
        "points": 500,
        "transaction_number": "2017123100001",
        "file": "000002-2017123100001.mrg",
    }
    assert headers["Idempotency-Key"] == RECORD.transaction_number
    assert headers["Content-Type"] == "application/json"
    assert "Authorization" not in headers


def test_a_token_goes_along(answers: Answers, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("s3cret\n")
    post(answers, Waits(), token).hand_on(RECORD)
    assert answers.headers[0]["Authorization"] == "Bearer s3cret"


@pytest.mark.parametrize("content", ["", "\n", "two\nlines", "あ"])
def test_what_is_no_token_is_refused(answers: Answers, tmp_path: Path, content: str) -> None:
    token = tmp_path / "token"
    token.write_text(content, "utf-8")
    with pytest.raises(DriverError, match="token"):
        post(answers, Waits(), token)


def test_an_overloaded_system_is_asked_again_later_and_later(answers: Answers) -> None:
    answers.codes = [(503, {}, b""), (500, {}, b""), (429, {"Retry-After": "7"}, b"")]
    waits = Waits()
    post(answers, waits).hand_on(RECORD)
    assert waits.seconds == [1.0, 2.0, 7.0]
    assert len(answers.bodies) == 4
    assert len({headers["Idempotency-Key"] for headers in answers.headers}) == 1


def test_after_so_many_attempts_it_waits_for_the_next_run(answers: Answers) -> None:
    answers.codes = [(503, {"Retry-After": "99999"}, b"down for\nlunch")] * 9
    waits = Waits()
    with pytest.raises(HandOnError, match="HTTP 503") as caught:
        post(answers, waits).hand_on(RECORD)
    assert not caught.value.of_this_record
    assert waits.seconds == [30.0] * 3, "never longer than that"
    assert len(answers.bodies) == 4


def test_a_stop_ends_the_waiting(answers: Answers) -> None:
    answers.codes = [(503, {}, b"")] * 9
    waits = Waits()
    waits.stop_at = 1
    with pytest.raises(HandOnError):
        post(answers, waits).hand_on(RECORD)
    assert len(answers.bodies) == 1


@pytest.mark.parametrize("code", [400, 404, 409, 410, 413, 415, 422])
def test_a_refused_record_is_told_and_not_sent_again(answers: Answers, code: int) -> None:
    answers.codes = [(code, {}, "この顧客はいません".encode())]
    waits = Waits()
    with pytest.raises(HandOnError, match="この顧客はいません") as caught:
        post(answers, waits).hand_on(RECORD)
    assert caught.value.of_this_record
    assert (waits.seconds, len(answers.bodies)) == ([], 1)


@pytest.mark.parametrize("code", [301, 302, 307, 308])
def test_points_are_sent_to_no_other_address(answers: Answers, code: int) -> None:
    answers.codes = [(code, {"Location": answers.url + "/elsewhere"}, b"")]
    with pytest.raises(HandOnError, match=f"HTTP {code}") as caught:
        post(answers, Waits()).hand_on(RECORD)
    assert not caught.value.of_this_record
    assert len(answers.bodies) == 1


@pytest.mark.parametrize("code", [401, 403])
def test_a_wrong_token_stops_the_run(answers: Answers, code: int) -> None:
    answers.codes = [(code, {}, b"")]
    with pytest.raises(HandOnError) as caught:
        post(answers, Waits()).hand_on(RECORD)
    assert not caught.value.of_this_record


def test_no_server_is_told_after_the_attempts() -> None:
    waits = Waits()
    with pytest.raises(HandOnError, match="refused") as caught:
        HttpPost("http://127.0.0.1:9/points", None, 1.0, 3, waits).hand_on(RECORD)
    assert not caught.value.of_this_record
    assert waits.seconds == [1.0, 2.0]


def test_a_server_that_hangs_is_left_after_the_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/points"
        with pytest.raises(HandOnError, match="timed out"):
            HttpPost(url, None, 0.2, 1, Waits()).hand_on(RECORD)


def test_an_answer_that_is_no_http_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as odd:

        def answer() -> None:
            connection, _ = odd.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"220 smtp ready\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        url = f"http://127.0.0.1:{odd.getsockname()[1]}/points"
        with pytest.raises(HandOnError, match="smtp ready"):
            HttpPost(url, None, 2.0, 1, Waits()).hand_on(RECORD)
        thread.join()


def test_this_machine_is_reached_through_no_proxy(
    answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    post(answers, Waits()).hand_on(RECORD)
    assert len(answers.bodies) == 1
