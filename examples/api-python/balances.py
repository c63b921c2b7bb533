"""Prints the points that a card's holder can use at a terminal.

    python balances.py 127.0.0.1:50051 00010011 030D45
    python balances.py --authority authority.pem points.example:50051 00010011 030D45

With the certificate of the authority that signed the server's it speaks TLS and believes that
authority alone; without, it speaks to a server on this machine only, in the clear.

Takes the server's address, the terminal's ID and the serial number of the card's certificate;
from the environment JICHIPOINT_PASSWORD, the terminal's password, and JICHIPOINT_MACHINE, the
machine's fingerprint as 64 hexadecimal digits. Ends with exit status 1 where it is refused.
"""

import argparse
import os
import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path

os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # its own lines say what ours say again
import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from jichipoint.v1 import (
    points_pb2,
    points_pb2_grpc,
    programs_pb2,
    terminals_pb2,
    terminals_pb2_grpc,
)

ANSWER_SECONDS = 10.0
LOCALE = "ja"
"""Of the message of a refusal; the other one is "en"."""

Metadata = tuple[tuple[str, str], ...]


def connect(address: str, authority: Path | None) -> grpc.Channel:
    """Return a channel to the server. Raises ValueError where it may not or cannot be made."""
    # A proxy of the network's is none of the points' business.
    options = [("grpc.enable_http_proxy", 0)]
    if authority is None:
        if not is_here(address):
            raise ValueError(f"{address} is not on this machine: give --authority")
        return grpc.insecure_channel(address, options)
    try:
        certificate = authority.read_text("ascii")
        ssl.create_default_context(cadata=certificate)
    except OSError as error:
        raise ValueError(f"{authority}: {error.strerror}") from None
    except (UnicodeDecodeError, ssl.SSLError):
        raise ValueError(f"{authority} is no certificate in PEM") from None
    return grpc.secure_channel(address, grpc.ssl_channel_credentials(certificate.encode()), options)


def is_here(address: str) -> bool:
    """Whether HOST:PORT is on this machine."""
    host = address.rpartition(":")[0].strip("[]")
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


@contextmanager
def signed_in(
    channel: grpc.Channel, terminal_id: str, password: str, machine: bytes
) -> Iterator[Metadata]:
    """Give the metadata that calls of a session carry, and end the session afterwards."""
    terminals = terminals_pb2_grpc.TerminalServiceStub(channel)
    request = terminals_pb2.SignInRequest(
        terminal_id=terminal_id, password=password, machine_fingerprint=machine
    )
    session = terminals.SignIn(request, timeout=ANSWER_SECONDS)
    metadata = (("authorization", f"Bearer {session.session_token}"),)
    try:
        yield metadata
    finally:
        sign_out = terminals_pb2.SignOutRequest()
        terminals.SignOut(sign_out, metadata=metadata, timeout=ANSWER_SECONDS)


def usable_points(
    channel: grpc.Channel, session: Metadata, serial_number: str
) -> points_pb2.ListUsablePointsResponse:
    """Return what the card's holder can use at the terminal of the session."""
    points = points_pb2_grpc.PointServiceStub(channel)
    request = points_pb2.ListUsablePointsRequest(certificate_serial_number=serial_number)
    return points.ListUsablePoints(request, metadata=session, timeout=ANSWER_SECONDS)


def in_words(points: programs_pb2.UsablePoints) -> str:
    """Return a balance as a line."""
    line = f"{points.program_name} {points.balance}"
    if not points.HasField("next_expiry"):
        return line
    day = points.next_expiry
    return f"{line} ({points.points_expiring_next} until {day.year}-{day.month:02}-{day.day:02})"


def why(error: grpc.RpcError) -> tuple[str, str]:
    """Return the reason of a refusal, for programs, and its message, for people.

    Where nothing of jichipoint's answered, the reason is gRPC's own status code.
    """
    reason, message = error.code().name, error.details() or ""
    status = rpc_status.from_call(error)  # type: ignore[arg-type]  # the error is the call, too
    for detail in status.details if status else ():
        info, localized = error_details_pb2.ErrorInfo(), error_details_pb2.LocalizedMessage()
        if detail.Unpack(info):
            reason = info.reason
        elif detail.Unpack(localized) and localized.locale == LOCALE:
            message = localized.message
    return reason, message


def main() -> int:
    """Sign in, print the balances, sign out."""
    parser = argparse.ArgumentParser(description="Print the points that a card's holder can use.")
    parser.add_argument("--authority", type=Path, help="signed the server's certificate (PEM)")
    parser.add_argument("address", help="the server's, HOST:PORT")
    parser.add_argument("terminal_id")
    parser.add_argument("serial_number", help="of the card's certificate, upper-case hexadecimal")
    options = parser.parse_args()
    try:
        password = os.environ["JICHIPOINT_PASSWORD"]
        machine = bytes.fromhex(os.environ["JICHIPOINT_MACHINE"])
    except (KeyError, ValueError):
        parser.error("JICHIPOINT_PASSWORD and JICHIPOINT_MACHINE (hexadecimal) are needed")
    try:
        connected = connect(options.address, options.authority)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    with connected as channel:
        try:
            with signed_in(channel, options.terminal_id, password, machine) as session:
                found = usable_points(channel, session, options.serial_number)
        except grpc.RpcError as error:
            print(": ".join(why(error)), file=sys.stderr)
            return 1
    print(found.mykey_id)
    for points in found.usable_points:
        print(in_words(points))
    return 0


if __name__ == "__main__":
    sys.exit(main())
