"""jichipoint-server serve: what it checks before it begins, and what its processes are told."""

import os
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from server.cli import main
from server.configuration.loading import defaults_of, load_configuration
from server.serving import serve as serve_module
from server.serving.serve import _arguments, _tell_quietly, serve


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    short_key = tmp_path / "master.key"
    short_key.write_text("ee")
    short_key.chmod(0o600)
    arguments = ["--database", f"sqlite:///{tmp_path}/ledger.db", "--processes", "2"]
    arguments += ["--master-key-file", str(short_key), "--tls-key", str(short_key)]
    arguments += ["--card-authority", str(tmp_path / "none.pem"), "--ocsp", "http://127.0.0.1"]
    arguments += ["--metrics-listen", "0.0.0.0:9464", "--listen", "0.0.0.0:1"]
    result = CliRunner().invoke(main, ["serve", *arguments])
    assert result.exit_code == 1
    lines = result.output.removeprefix("Error: ").splitlines()
    for says in (
        "an SQLite file is served by one process",
        "go together",
        "not 64 hexadecimal digits",
        "none.pem",
        "0.0.0.0:9464 is not a loopback address",
        "0.0.0.0:1 is not a loopback address",
    ):
        assert len([line for line in lines if says in line]) == 1, says
    assert len(lines) == 6
    assert not (tmp_path / "ledger.db").exists(), "nothing was begun"


def test_processes_are_told_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the option: one that is added later is told too."""
    given = [
        *("--database", "postgresql://db/points", "--training-database", "postgresql://db/t"),
        *("--master-key-file", "k", "--tls-certificate", "c", "--tls-key", "k"),
        *("--tls-client-authority", "a", "--card-authority", "a", "--card-authority", "b"),
        *("--test-card-authority", "c", "--revocation-list", "d", "--ocsp", "http://o"),
        *("--metrics-listen", "127.0.0.1:1", "--log-form", "json", "--log-level", "error"),
        *("--trace-endpoint", "http://t", "--quiet-hours-max", "100"),
    ]
    options = {one.opts[0] for one in serve.params}
    assert options - set(given) == {"--listen", "--processes"}
    context = serve.make_context("serve", [*given, "--processes", "3", "--listen", "[::1]:0"])
    told = _arguments(context, "[::1]:50051")
    assert told[0] == "serve"
    assert "postgresql" not in " ".join(told), "URLs may hold passwords (SEC-3)"
    environment: dict[str, str] = {}
    monkeypatch.setattr(os, "environ", environment)
    _tell_quietly(context)
    quietly = defaults_of(serve, load_configuration(None, environment))
    again = serve.make_context("serve", told[1:], default_map=quietly)
    assert again.params == {**context.params, "listen": "[::1]:50051", "processes": 1}


def test_processes_read_the_same_configuration() -> None:
    parent = click.Context(main, info_name="jichipoint-server")
    parent.params["config"] = Path("town.toml")
    context = serve.make_context("serve", ["--database", "postgresql://db/x"], parent=parent)
    assert _arguments(context, "127.0.0.1:1")[:3] == ["--config", "town.toml", "serve"]


def test_a_fault_in_a_check_of_ours_is_none_of_the_operator_s() -> None:
    checks = serve_module.Checks()
    with pytest.raises(ZeroDivisionError):
        checks.run(lambda: 1 // 0)
