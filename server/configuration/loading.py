"""Reading the configuration: everything that is wrong is told at once (OPS-1)."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from server.configuration.fields import FIELDS, Field, Value

CONFIG_VARIABLE = "JICHIPOINT_CONFIG"
_PASSWORD = re.compile("[a-z]+://[^/@]*:[^/@]+@")
_OF_A_SERVICE = re.compile("_(SERVICE_(HOST|PORT)|PORT)(_|$)")
"""Variables that Kubernetes sets for a service that is named like ours."""
_TABLES = tuple(dict.fromkeys(field.table for field in FIELDS))


class ConfigurationError(Exception):
    """The configuration cannot be used; the message has a line for each thing that is wrong."""


def load_configuration(path: Path | None, environment: Mapping[str, str]) -> dict[str, Value]:
    """Return what the file and the environment say, by the names of options.

    The environment counts for more. Raises ConfigurationError.
    """
    faults: list[str] = []
    values: dict[str, Value] = {}
    content = _content(path) if path is not None else {}
    folder = path.absolute().parent if path is not None else Path.cwd()
    faults += [f"{path}: {fault}" for fault in _unknown(content)]
    faults += _unknown_variables(environment)
    for field in FIELDS:
        table = content.get(field.table)
        in_file = table.get(field.name) if isinstance(table, dict) else None
        given = [(f"{path}: {field.table}.{field.name}", in_file, folder)]
        given.append((field.variable, environment.get(field.variable), Path.cwd()))
        for where, value, seen_from in given:
            if value is None:
                continue
            try:
                values[field.option] = field.check(value, seen_from)
            except ValueError as error:
                faults.append(f"{where}: {error}")
    if path is not None and _holds_password(content) and path.stat().st_mode & 0o077:
        faults.append(f"{path}: others can read the password in it: chmod 600 it")
    if faults:
        raise ConfigurationError("\n".join(faults))
    return values


def defaults_of(command: click.Command, values: Mapping[str, Value]) -> dict[str, object]:
    """Return click's default_map: what the configuration says to a command and those in it."""
    defaults: dict[str, object] = {
        parameter.name: values[parameter.name]
        for parameter in command.params
        if parameter.name in values
    }
    if isinstance(command, click.Group):
        defaults |= {name: defaults_of(one, values) for name, one in command.commands.items()}
    return defaults


def _holds_password(content: Mapping[str, object]) -> bool:
    ledger = content.get("ledger")
    urls = ledger.values() if isinstance(ledger, dict) else ()
    return any(_PASSWORD.match(url) is not None for url in urls if isinstance(url, str))


def _content(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path}: not UTF-8: save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path}: not TOML: {error}") from None


def _unknown(content: Mapping[str, object]) -> Iterator[str]:
    for table, fields in content.items():
        if table not in _TABLES:
            yield f"{table} is not known: there are {', '.join(_TABLES)}"
        elif not isinstance(fields, dict):
            yield f"{table} is not a table: write [{table}] above its fields"
        else:
            names = [field.name for field in FIELDS if field.table == table]
            unknown = [name for name in fields if name not in names]
            yield from (
                f"{table}.{name} is not known: there are {', '.join(names)}" for name in unknown
            )


def _unknown_variables(environment: Mapping[str, str]) -> Iterator[str]:
    known = {field.variable for field in FIELDS}
    beginnings = tuple(f"JICHIPOINT_{table}_".upper() for table in _TABLES)
    for name in sorted(environment):
        is_service_s = _OF_A_SERVICE.search(name) is not None
        if name.startswith(beginnings) and name not in known and not is_service_s:
            yield f"{name} is not known"


def shown_as_toml(fields: Mapping[Field, str]) -> str:
    """Return a configuration as text, a table for each part."""
    lines: list[str] = []
    for table in _TABLES:
        of_table = [(field.name, text) for field, text in fields.items() if field.table == table]
        if of_table:
            lines += ["", f"[{table}]"] if lines else [f"[{table}]"]
            lines += [f"{name} = {text}" for name, text in of_table]
    return "\n".join(lines) + "\n"
