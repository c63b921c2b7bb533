"""Of several hosts the one that is silent is tried last (OPS-4)."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from server.db.engine import open_database
from server.db.hosts import Hosts
from tests.engines import TestEngine

THREE = "postgresql://jichipoint@a:1,b:2,c:3/ledger?target_session_attrs=read-write"


def order(hosts: Hosts, url: str = THREE) -> tuple[str, str]:
    found = hosts.of(url)
    return found["host"], found["port"]


def test_the_host_that_was_reached_is_first_and_last_once_nothing_is_reached() -> None:
    hosts = Hosts()
    hosts.missed()
    assert order(hosts) == ("a,b,c", "1,2,3")
    hosts.reached("b", 2)
    assert order(hosts) == ("b,a,c", "2,1,3")
    hosts.missed()
    hosts.missed()
    assert order(hosts) == ("a,c,b", "1,3,2")
    hosts.reached("c", 3)
    assert order(hosts) == ("c,a,b", "3,1,2")


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("postgresql://jichipoint@a/ledger", {}),
        ("postgresql:///ledger", {}),
        ("postgresql://a,b/ledger?port=5433", {"host": "a,b", "port": "5433,5433"}),
        ("postgresql://a,b/ledger", {"host": "a,b", "port": ","}),
        ("postgresql://a,b/ledger?hostaddr=192.0.2.1,192.0.2.2", {}),
    ],
)
def test_a_url_says_which_there_are(url: str, found: dict[str, str]) -> None:
    assert Hosts().of(url) == found


def test_a_host_without_a_port_is_known_by_its_name() -> None:
    hosts = Hosts()
    assert order(hosts, "postgresql://a,b/ledger") == ("a,b", ",")
    hosts.reached("b", 5432)
    assert order(hosts) == ("b,a", ",")


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A host whose kernel takes connections, and on which nobody answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield listening


def test_a_silent_host_costs_its_time_once(
    find_engine: Callable[[str], TestEngine], tmp_path: Path, silent: socket.socket
) -> None:
    with find_engine("postgresql").database(tmp_path) as url:
        parts = urlsplit(url)
        own, port = parse_qs(parts.query)["host"][0], silent.getsockname()[1]
        hosts = f"host=127.0.0.1,{own}&port={port},5432&connect_timeout=2"
        database = open_database(f"postgresql://postgres@{parts.path}?{hosts}")
        silent.accept()[0].close()
        for _ in range(2):
            with database.connection_context():
                pass
        with pytest.raises(BlockingIOError):
            silent.accept()


def test_a_url_that_cannot_be_understood_is_no_host() -> None:
    with pytest.raises(psycopg.ProgrammingError):
        Hosts().of("postgresql://a,b/ledger?nonsense=1")
