"""Where the server listens, without gRPC: addresses are checked before it is loaded."""

import errno
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from ipaddress import ip_address

PORT_MAX = 65_535


class ClearAddressError(Exception):
    """The address is not loopback, and the server has no TLS: it does not listen there."""


class AddressInUseError(Exception):
    """The server cannot listen there."""


def check_address(address: str, *, has_tls: bool) -> None:
    """Raise ClearAddressError unless HOST:PORT is loopback, or there is TLS (SEC-1)."""
    host, _, port = address.rpartition(":")
    if not (port.isascii() and port.isdecimal()) or int(port) > PORT_MAX or not host:
        raise ClearAddressError(f"{address!r} is not HOST:PORT")
    try:
        loopback = host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        loopback = False
    if not loopback and not has_tls:
        raise ClearAddressError(
            f"{address} is not a loopback address: without TLS the server listens on "
            "127.0.0.1, [::1] or localhost only; give --tls-certificate and --tls-key"
        )


@contextmanager
def shared_port(address: str) -> Iterator[str]:
    """Keep a port that several processes of ours will listen on, and give its address.

    Port 0 takes a free one. Raises AddressInUseError where anybody else has the port, also
    where they would share it.
    """
    host, _, port = address.rpartition(":")
    with ExitStack() as stack:
        try:
            taken = _take(host.strip("[]"), int(port), stack)
        except OSError as error:
            reason = error.strerror or error
            raise AddressInUseError(f"cannot listen on {address}: {reason}") from error
        yield f"{host}:{taken}"


def _take(host: str, port: int, stack: ExitStack) -> int:
    """Take a port at each address of a host, as far as this machine has it."""
    missing: OSError | None = None
    taken = 0
    for family, kind, protocol, _, where in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        try:
            one = stack.enter_context(socket.socket(family, kind, protocol))
            _bind_alone(one, (where[0], taken or port, *where[2:]))
        except OSError as error:
            if error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                raise
            missing = error
            continue
        taken = one.getsockname()[1]
    if not taken and missing is not None:
        raise missing
    return taken


def _bind_alone(one: socket.socket, where: tuple[str | int, ...]) -> None:
    """Bind as the only one, past what is left of closed connections; then let ours join."""
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.bind(where)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
