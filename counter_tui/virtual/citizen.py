"""A citizen's virtual card: what is on it, and the secrets that open it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from counter_tui.virtual import authority
from counter_tui.virtual.authority import TestAuthority, der
from counter_tui.virtual.card import (
    FILLER,
    INPUT_SUPPORT,
    JPKI,
    Application,
    File,
    Pin,
    PrivateKey,
    VirtualCard,
    attributes_file,
    my_number_file,
    token_info,
)

TOKEN = b"JPKIAPICCTOKEN2"


@dataclass(frozen=True, slots=True)
class Secrets:
    """What opens the card."""

    user_pin: str = "1234"
    signature_password: str = "ABC123"  # noqa: S105
    input_support_pin: str = "5678"
    code_a: str = "123456789018"
    """照合番号A, which is the My Number."""
    code_b: str = "55021720352285"
    """照合番号B: birth date in the era, expiry year, security code."""


@dataclass(frozen=True, slots=True)
class Person:
    """What is said of the holder."""

    name: str = "桜井　花子"
    address: str = "東京都千代田区霞が関２丁目１番２号"
    birth_date: str = "19800217"
    sex: str = "2"


@dataclass(frozen=True)
class Issuing:
    """Who issues cards: both authorities, and a key that all cards share where speed counts."""

    users: TestAuthority
    signatures: TestAuthority
    shared_key: RSAPrivateKey | None = None

    @classmethod
    def new(cls, now: datetime, *, share_key: bool = False) -> "Issuing":
        """Make both authorities."""
        key = authority.new_key() if share_key else None
        return cls(TestAuthority.for_users(now), TestAuthority.for_signatures(now), key)

    def card(
        self,
        serial_number: int,
        last_good_day: date,
        *,
        good_from: datetime = datetime(2020, 1, 1, tzinfo=UTC),
        person: Person | None = None,
        secrets: Secrets | None = None,
        label: bytes = TOKEN,
        of_child: bool = False,
    ) -> VirtualCard:
        """Make a card; a child's has no signature certificate."""
        person, secrets = person or Person(), secrets or Secrets()
        user_key = self.shared_key or authority.new_key()
        user = self.users.issue(user_key, serial_number, good_from, last_good_day)
        files = {
            0x0006: File(token_info(label)),
            0x0008: File(b"\x00\x8f\x00" if of_child else b"\x8f\x8f\x00"),
            0x000A: File(der(user) + FILLER * 8),
            0x000B: File(der(self.users.certificate) + FILLER * 8),
            0x0002: File(der(self.signatures.certificate) + FILLER * 8),
        }
        keys = {0x0017: PrivateKey(user_key, 0x0018)}
        if not of_child:
            key = self.shared_key or authority.new_key()
            others = (
                (authority.NAME, person.name),
                (authority.SEX, person.sex),
                (authority.BIRTH, person.birth_date),
                (authority.ADDRESS, person.address),
            )
            certificate = self.signatures.issue(
                key, serial_number + 0x100000, good_from, last_good_day, others
            )
            files[0x0001] = File(der(certificate) + FILLER * 8, (0x001B,))
            keys[0x001A] = PrivateKey(key, 0x001B)
        pins = {
            0x0018: Pin(secrets.user_pin.encode(), 3),
            0x001B: Pin(secrets.signature_password.encode(), 5),
        }
        return VirtualCard(
            {
                JPKI: Application(files, pins, keys),
                INPUT_SUPPORT: _input_support(person, secrets),
            }
        )


def _input_support(person: Person, secrets: Secrets) -> Application:
    pin, code_a, code_b = 0x0011, 0x0014, 0x0015
    attributes = attributes_file(person.name, person.address, person.birth_date, person.sex)
    return Application(
        {
            0x0001: File(my_number_file(secrets.code_a), (pin, code_a)),
            0x0002: File(attributes, (pin, code_b)),
        },
        {
            pin: Pin(secrets.input_support_pin.encode(), 3),
            code_a: Pin(secrets.code_a.encode(), 10),
            code_b: Pin(secrets.code_b.encode(), 10),
        },
    )
