"""The command jichipoint-server health: what watches a server runs it (OPS-5)."""

import sys
from codecs import BOM_UTF8
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click
from cryptography import x509

from server.commands.options import json_option, listen_option
from server.wording import say

if TYPE_CHECKING:
    import grpc

SECONDS_MAX = 10.0


@click.command()
@listen_option
@click.option(
    "--tls-certificate",
    type=click.Path(path_type=Path),
    help="The server's certificate (PEM): only a server that shows it is believed.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(0, SECONDS_MAX, min_open=True),
    default=3.0,
    show_default=True,
    help="How long to wait for the answer.",
)
@json_option
def health(listen: str, tls_certificate: Path | None, seconds: float, *, as_json: bool) -> None:
    """Ask the server on this machine whether points can be booked now.

    Takes address and certificate from the server's configuration. Exits with 0 if they can, with
    1 and one line otherwise. With --json that line is one object, and goes to the output.
    """
    # gRPC takes a third of a second to load, which the other commands need not wait for.
    import grpc  # noqa: PLC0415
    from grpc_health.v1 import health_pb2  # noqa: PLC0415

    with _channel(near(listen), tls_certificate) as channel:
        check = channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )
        try:
            answer = check(health_pb2.HealthCheckRequest(), timeout=seconds)
        except grpc.RpcError as error:
            _say_that_none_can(listen, error.code().name, error.details() or "", as_json=as_json)
    state = health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)
    if answer.status != health_pb2.HealthCheckResponse.SERVING:
        _say_that_none_can(listen, state, "", as_json=as_json)
    say(_told(listen, state, ""), f"{listen}: {state}", as_json=as_json)


def _say_that_none_can(listen: str, state: str, details: str, *, as_json: bool) -> NoReturn:
    if not as_json:
        raise click.ClickException(": ".join(filter(None, (listen, state, details))))
    say(_told(listen, state, details), "", as_json=True)
    sys.exit(1)


def _told(listen: str, state: str, details: str) -> dict[str, str]:
    return {"listen": listen, "state": state, "details": details}


def near(listen: str) -> str:
    """Return where this machine reaches a server that listens at HOST:PORT."""
    host, _, port = listen.rpartition(":")
    try:
        everywhere = ip_address(host.strip("[]"))
    except ValueError:
        return listen
    if not everywhere.is_unspecified:
        return listen
    return f"127.0.0.1:{port}" if everywhere.version == 4 else f"[::1]:{port}"


def _channel(address: str, certificate: Path | None) -> "grpc.Channel":
    import grpc  # noqa: PLC0415

    options: list[tuple[str, str | int]] = [("grpc.enable_http_proxy", 0)]
    if certificate is None:
        return grpc.insecure_channel(address, options)
    try:
        content = certificate.read_bytes().removeprefix(BOM_UTF8)
        own = x509.load_pem_x509_certificates(content)[0]
    except OSError as error:
        raise click.ClickException(f"{certificate}: {error.strerror}") from None
    except ValueError:
        raise click.ClickException(f"{certificate}: no certificate in PEM") from None
    if name := _name(own):
        options.append(("grpc.ssl_target_name_override", name))
    return grpc.secure_channel(address, grpc.ssl_channel_credentials(content), options)


def _name(certificate: x509.Certificate) -> str | None:
    """Return a name that a certificate is for: that of this machine need not be in it."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return None
    names = extension.value.get_values_for_type(x509.DNSName)
    addresses = extension.value.get_values_for_type(x509.IPAddress)
    return next((name.replace("*", "any") for name in (*names, *map(str, addresses))), None)
