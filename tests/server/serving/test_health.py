"""jichipoint-server health, against the health service on a real socket (OPS-5)."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import grpc
import pytest
from click.testing import CliRunner
from grpc_health.v1 import health, health_pb2_grpc
from grpc_health.v1.health_pb2 import HealthCheckResponse

from server.cli import main
from server.serving.health import near
from server.upkeep.trial_authority import make_trial_authority

Serve = Callable[[grpc.ServerCredentials | None], int]


@pytest.fixture
def told() -> health.HealthServicer:
    return health.HealthServicer()


@pytest.fixture
def serve(told: health.HealthServicer) -> Iterator[Serve]:
    """Serve health, and give the port."""
    with ThreadPoolExecutor(1) as pool:
        server = grpc.server(pool)
        health_pb2_grpc.add_HealthServicer_to_server(told, server)

        def start(credentials: grpc.ServerCredentials | None) -> int:
            if credentials is None:
                port = server.add_insecure_port("127.0.0.1:0")
            else:
                port = server.add_secure_port("127.0.0.1:0", credentials)
            server.start()
            return port

        yield start
        server.stop(None).wait()


def ask(*arguments: str) -> tuple[int, str]:
    """Exit code, and the one line that is printed."""
    result = CliRunner().invoke(main, [*arguments])
    assert result.output.count("\n") == 1, result.output
    return result.exit_code, result.output.strip()


def identity(folder: Path, hosts: list[str]) -> grpc.ServerCredentials:
    folder.mkdir()
    make_trial_authority(folder, hosts, datetime.now(UTC))
    pair = [((folder / "server.key").read_bytes(), (folder / "server.pem").read_bytes())]
    return grpc.ssl_server_credentials(pair)


def test_it_says_what_the_server_says(serve: Serve, told: health.HealthServicer) -> None:
    address = f"127.0.0.1:{serve(None)}"
    assert ask("health", "--listen", address) == (0, f"{address}: SERVING")
    told.set("", HealthCheckResponse.NOT_SERVING)
    assert ask("health", "--listen", address) == (1, f"Error: {address}: NOT_SERVING")


def test_a_program_is_told_in_one_object_whatever_it_is(
    serve: Serve, told: health.HealthServicer
) -> None:
    address = f"127.0.0.1:{serve(None)}"
    for state, code in ((HealthCheckResponse.SERVING, 0), (HealthCheckResponse.NOT_SERVING, 1)):
        told.set("", state)
        exit_code, line = ask("health", "--listen", address, "--json")
        name = HealthCheckResponse.ServingStatus.Name(state)
        assert json.loads(line) == {"listen": address, "state": name, "details": ""}
        assert exit_code == code
    exit_code, line = ask("health", "--listen", "127.0.0.1:1", "--json")
    assert (exit_code, json.loads(line)["state"]) == (1, "UNAVAILABLE")
    assert json.loads(line)["details"]


@pytest.mark.parametrize("host", ["points.example", "*.points.example", "192.0.2.7"])
def test_with_tls_it_takes_the_configuration_and_any_name(
    serve: Serve, tmp_path: Path, host: str
) -> None:
    """Also the names that this machine does not have: they are its certificate's."""
    address = f"0.0.0.0:{serve(identity(tmp_path / 'made', [host]))}"
    config = tmp_path / "made" / "jichipoint.toml"
    tls = '[tls]\ncertificate = "server.pem"\nkey = "server.key"\n'
    config.write_text(f'[server]\nlisten = "{address}"\n\n{tls}')
    assert ask("--config", str(config), "health") == (0, f"{address}: SERVING")


def test_another_server_is_not_believed(serve: Serve, tmp_path: Path) -> None:
    address = f"127.0.0.1:{serve(identity(tmp_path / 'made', ['localhost']))}"
    identity(tmp_path / "other", ["localhost"])
    certificate = str(tmp_path / "other" / "server.pem")
    code, line = ask("health", "--listen", address, "--tls-certificate", certificate)
    assert code == 1
    assert line.startswith(f"Error: {address}: UNAVAILABLE: ")
    assert "CERTIFICATE_VERIFY_FAILED" in line


def test_what_cannot_be_asked_is_told_in_one_line(tmp_path: Path) -> None:
    code, line = ask("health", "--listen", "127.0.0.1:1")
    assert (code, line[:32]) == (1, "Error: 127.0.0.1:1: UNAVAILABLE:")
    for content, why in ((None, "No such file or directory"), ("x", "no certificate in PEM")):
        certificate = tmp_path / "server.pem"
        if content is not None:
            certificate.write_text(content)
        told = ask("health", "--tls-certificate", str(certificate))
        assert told == (1, f"Error: {certificate}: {why}")


@pytest.mark.parametrize(
    ("listen", "reached"),
    [
        ("0.0.0.0:50051", "127.0.0.1:50051"),
        ("[::]:50051", "[::1]:50051"),
        ("192.0.2.7:50051", "192.0.2.7:50051"),
        ("localhost:50051", "localhost:50051"),
    ],
)
def test_where_it_asks(listen: str, reached: str) -> None:
    assert near(listen) == reached
