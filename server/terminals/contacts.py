"""The contact of a terminal (連絡先, TRM-4): what one may be, and where it is kept."""

import re
from collections.abc import Iterator
from dataclasses import astuple, dataclass

from peewee import Database

from server.db.queries import change, rows
from server.rpc.errors import Violation
from server.texts import is_text, wanted

CONTACT_NAME_LENGTH_MAX = 50
ADDRESS_LENGTH_MAX = 200
MAIL_LENGTH_MAX = 254
PREFECTURES = (
    *("北海道", "青森県", "岩手県", "宮城県", "秋田県", "山形県", "福島県"),
    *("茨城県", "栃木県", "群馬県", "埼玉県", "千葉県", "東京都", "神奈川県"),
    *("新潟県", "富山県", "石川県", "福井県", "山梨県", "長野県", "岐阜県", "静岡県", "愛知県"),
    *("三重県", "滋賀県", "京都府", "大阪府", "兵庫県", "奈良県", "和歌山県"),
    *("鳥取県", "島根県", "岡山県", "広島県", "山口県", "徳島県", "香川県", "愛媛県", "高知県"),
    *("福岡県", "佐賀県", "長崎県", "熊本県", "大分県", "宮崎県", "鹿児島県", "沖縄県"),
)
POSTAL_CODE = re.compile(r"[0-9]{7}")

_TELEPHONE = re.compile(r"0[0-9]{9,10}|(?=[0-9-]{12,13}$)0[0-9]{1,4}-[0-9]{1,4}-[0-9]{3,4}")
_MAIL_PART = r"[0-9A-Za-z](?:[0-9A-Za-z-]{0,61}[0-9A-Za-z])?"
_TELEPHONE_WANTED = (
    "10 or 11 digits beginning with 0, with two hyphens or none",
    "0で始まる半角の数字10桁か11桁(ハイフンは2つか、なし)",
)
_MAIL_WANTED = (
    f"a mail address of at most {MAIL_LENGTH_MAX} ASCII characters",
    f"半角{MAIL_LENGTH_MAX}文字以内のメールアドレス",
)
_MAIL = re.compile(rf"[0-9A-Za-z!#$%&'*+/=?^_`{{|}}~.-]{{1,64}}@{_MAIL_PART}(?:\.{_MAIL_PART})+")


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to reach about a terminal, and where it stands."""

    contact_name: str
    postal_code: str
    prefecture: str
    address: str
    telephone: str
    mail: str


def violations(contact: Contact) -> list[Violation]:
    """Return every field that is not valid, in the order of the fields (TRM-4)."""
    return list(_violations(contact))


def _violations(contact: Contact) -> Iterator[Violation]:
    if not is_text(contact.contact_name, CONTACT_NAME_LENGTH_MAX):
        told = wanted(contact.contact_name, CONTACT_NAME_LENGTH_MAX)
        yield Violation("contact_name", *told)
    if not POSTAL_CODE.fullmatch(contact.postal_code):
        yield Violation("postal_code", "7 digits", "半角の数字7桁")
    if contact.prefecture not in PREFECTURES:
        yield Violation("prefecture", "the full name of a prefecture", "都道府県の正式な名前")
    if not is_text(contact.address, ADDRESS_LENGTH_MAX):
        yield Violation("address", *wanted(contact.address, ADDRESS_LENGTH_MAX))
    if not _TELEPHONE.fullmatch(contact.telephone):
        yield Violation("telephone", *_TELEPHONE_WANTED)
    if len(contact.mail) > MAIL_LENGTH_MAX or not _MAIL.fullmatch(contact.mail):
        yield Violation("mail", *_MAIL_WANTED)


def contact_of(database: Database, terminal_id: str) -> Contact | None:
    """Return a terminal's contact, or None where none is registered."""
    found = rows(
        database,
        """SELECT contact_name, postal_code, prefecture, address, telephone, mail
        FROM terminal_contact WHERE terminal_id = ?""",
        terminal_id,
    )
    return Contact(*found[0]) if found else None


def set_contact(database: Database, terminal_id: str, contact: Contact) -> None:
    """Keep a valid contact in place of the one before; runs in a writing transaction."""
    change(
        database,
        """INSERT INTO terminal_contact
        (terminal_id, contact_name, postal_code, prefecture, address, telephone, mail)
        VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (terminal_id) DO UPDATE SET
        contact_name = excluded.contact_name, postal_code = excluded.postal_code,
        prefecture = excluded.prefecture, address = excluded.address,
        telephone = excluded.telephone, mail = excluded.mail""",
        terminal_id,
        *astuple(contact),
    )
