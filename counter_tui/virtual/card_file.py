"""Virtual cards and their authorities in files, so that they outlive a process.

PINs and keys lie in them as they are: these cards are for tests, and open nothing else.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from counter_tui.core import files
from counter_tui.virtual.authority import POLICY_SIGNATURE, POLICY_USER, TestAuthority
from counter_tui.virtual.card import Application, File, Pin, PrivateKey, VirtualCard
from counter_tui.virtual.card_header import (
    FORMAT,
    VERSION,
    CardFileError,
    CardHeader,
    header_of,
    no_card,
    read_document,
)
from counter_tui.virtual.citizen import Issuing

MEMORY_FAILURE = bytes.fromhex("6581")
TRIES_MAX = 15
"""As many as 63Cx can tell."""

T = TypeVar("T")
Json = dict[str, object]


class KeptCard(VirtualCard):
    """A card whose file always knows its PINs and how often each can still be tried."""

    def __init__(
        self, path: Path, header: CardHeader, applications: Mapping[bytes, Application]
    ) -> None:
        super().__init__(applications)
        self.header = header
        self._path = path

    def transmit(self, command: bytes) -> bytes:
        """Return the answer to a command; a PIN that it changed is in the file before that."""
        before = self._pins()
        answer = super().transmit(command)
        if self._pins() != before:
            try:
                save(self._path, self.header, self)
            except CardFileError:
                self.power_off()
                return MEMORY_FAILURE
        return answer

    def lock(self, application: bytes, pin_file: int) -> None:
        """Leave a PIN no try. Raises CardFileError."""
        try:
            self._applications[application].pins[pin_file].left = 0
        except KeyError as error:
            raise CardFileError(f"{self._path} has no such PIN") from error
        save(self._path, self.header, self)

    def unlock(self) -> None:
        """Give every PIN all its tries. Raises CardFileError."""
        for application in self._applications.values():
            for pin in application.pins.values():
                pin.left = pin.tries
        save(self._path, self.header, self)

    def _pins(self) -> list[tuple[bytes, int]]:
        return [
            (pin.secret, pin.left)
            for application in self._applications.values()
            for pin in application.pins.values()
        ]


def save(path: Path, header: CardHeader, card: VirtualCard) -> None:
    """Write a card's file, whole or not at all. Raises CardFileError."""
    document = {
        "format": FORMAT,
        "version": VERSION,
        "label": header.label,
        "serial_number": header.serial_number,
        "last_good_day": header.last_good_day.isoformat(),
        "applications": {
            name.hex().upper(): _written(application)
            for name, application in card._applications.items()
        },
    }
    content = json.dumps(document, ensure_ascii=False, indent=1) + "\n"
    try:
        files.replace(path, content.encode())
    except OSError as error:
        raise CardFileError(f"{path} cannot be written: {error.strerror or error}") from error


def load(path: Path) -> KeptCard:
    """Read a card; what becomes of its PINs is saved to the file. Raises CardFileError."""
    document = read_document(path)
    header = header_of(path, document)
    try:
        applications = {
            bytes.fromhex(name): _read_application(_object(application))
            for name, application in _object(document["applications"]).items()
        }
    except KeyError as error:
        raise no_card(path, f"it has no {error}") from error
    except (ValueError, TypeError) as error:
        raise no_card(path, str(error).splitlines()[0]) from error
    return KeptCard(path, header, applications)


def save_issuing(folder: Path, issuing: Issuing) -> None:
    """Write both authorities into a folder that has none. Raises CardFileError."""
    authorities = {"users": issuing.users, "signatures": issuing.signatures}
    for path in (folder / f"{name}.{end}" for name in authorities for end in ("pem", "key")):
        if path.exists():
            raise CardFileError(f"{path} is there already")
    try:
        files.make_folder(folder)
        for name, authority in authorities.items():
            files.write_new(folder / f"{name}.key", _pem(authority.key).encode())
            certificate = authority.certificate.public_bytes(Encoding.PEM)
            files.write_new(folder / f"{name}.pem", certificate, 0o644)
        files.sync_folder(folder)
    except OSError as error:
        raise CardFileError(f"{folder} cannot be written: {error.strerror or error}") from error


def load_issuing(folder: Path) -> Issuing:
    """Read both test authorities of a folder. Raises CardFileError."""
    return Issuing(
        _read_authority(folder, "users", POLICY_USER),
        _read_authority(folder, "signatures", POLICY_SIGNATURE),
    )


def _read_authority(folder: Path, name: str, policy: x509.ObjectIdentifier) -> TestAuthority:
    path = folder / f"{name}.pem"
    certificate = _read_pem(path, x509.load_pem_x509_certificate)
    key = _read_pem(path.with_suffix(".key"), _read_key)
    if certificate.public_key() != key.public_key():
        raise CardFileError(f"{path} and {path.with_suffix('.key').name} do not belong together")
    return TestAuthority(certificate, key, policy)


def _read_pem(path: Path, read: Callable[[bytes], T]) -> T:
    try:
        return read(path.read_bytes())
    except OSError as error:
        raise CardFileError(f"{path} cannot be read: {error.strerror or error}") from error
    except (ValueError, TypeError) as error:
        raise CardFileError(f"{path} holds nothing of a test authority") from error


def _pem(key: RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _read_key(pem: bytes) -> RSAPrivateKey:
    key = load_pem_private_key(pem, None)
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("a key that is not for RSA")
    return key


def _written(application: Application) -> Json:
    return {
        "files": {
            _name(number): {
                "content": file.content.hex().upper(),
                "opened_by": [_name(pin) for pin in file.opened_by],
            }
            for number, file in application.files.items()
        },
        "pins": {
            _name(number): {
                "secret": pin.secret.decode("latin-1"),
                "tries": pin.tries,
                "left": pin.left,
            }
            for number, pin in application.pins.items()
        },
        "keys": {
            _name(number): {"key": _pem(key.key), "opened_by": _name(key.opened_by)}
            for number, key in application.keys.items()
        },
    }


def _read_application(application: Json) -> Application:
    parts = {part: _object(application[part]) for part in ("files", "pins", "keys")}
    return Application(
        {_number(name): _read_file(_object(file)) for name, file in parts["files"].items()},
        {_number(name): _read_pin(_object(pin)) for name, pin in parts["pins"].items()},
        {_number(name): _read_private(_object(key)) for name, key in parts["keys"].items()},
    )


def _read_file(file: Json) -> File:
    opened_by = file["opened_by"]
    if not isinstance(opened_by, list):
        raise ValueError("a file opened by no list of PINs")
    return File(bytes.fromhex(_text(file["content"])), tuple(map(_number, opened_by)))


def _read_pin(pin: Json) -> Pin:
    tries, left = pin["tries"], pin["left"]
    # A boolean is an integer too.
    if type(tries) is not int or type(left) is not int or not 0 <= left <= tries <= TRIES_MAX:
        raise ValueError("a PIN with impossible tries")
    read = Pin(_text(pin["secret"]).encode("latin-1"), tries)
    read.left = left
    return read


def _read_private(key: Json) -> PrivateKey:
    try:
        return PrivateKey(_read_key(_text(key["key"]).encode()), _number(key["opened_by"]))
    except ValueError as error:
        raise ValueError("a key that cannot be read") from error


def _object(value: object) -> Json:
    if not isinstance(value, dict):
        raise TypeError("something that is not an object")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("something that is not text")
    return value


def _name(number: int) -> str:
    return f"{number:04X}"


def _number(name: object) -> int:
    """Return the file that four hexadecimal digits name."""
    number = bytes.fromhex(_text(name))
    if len(number) != 2:
        raise ValueError(f"not a file: {name!r}")
    return int.from_bytes(number, "big")
