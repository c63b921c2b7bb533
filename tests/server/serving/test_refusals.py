"""Every room's refusals as statuses, one by one (API-2)."""

import ast
import importlib
import re
from pathlib import Path
from string import Formatter

import grpc
import pytest
from google.rpc import error_details_pb2
from google.rpc.error_details_pb2 import LocalizedMessage as Localized

import server
from server.ledger.refusals import Code, Reason
from server.ledger.values import Refusal
from server.rpc.errors import VIOLATIONS_MAX, InvalidFieldsError, Violation
from server.serving.refusals import REASONS, STATUSES

ROOT = Path(server.__path__[0])
JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")


def reasons() -> list[str]:
    """Every member of every room's reasons."""
    found: list[str] = []
    for path in sorted(ROOT.glob("*/errors.py")):
        module = importlib.import_module(f"server.{path.parent.name}.errors")
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, Reason) and value is not Reason:
                found += [str(member) for member in value]
    return found


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_every_rooms_reasons_are_told() -> None:
    assert sorted(reasons()) == sorted(REASONS), "and no reason is in two rooms"
    assert len(reasons()) > 30


@pytest.mark.parametrize("reason", sorted(REASONS))
def test_a_row_is_whole(reason: str) -> None:
    row = REASONS[reason]
    assert re.fullmatch(r"[A-Z][A-Z0-9_]{0,61}[A-Z0-9]", reason)
    assert JAPANESE.search(row.japanese)
    assert not JAPANESE.search(row.english)
    assert row.japanese.endswith("。")
    assert row.english.endswith(".")
    assert placeholders(row.japanese) == placeholders(row.english)


def raised() -> list[tuple[str, set[str], str]]:
    """Reasons that the code raises, with the details it gives when they are written out."""
    found = []
    for path in sorted(ROOT.rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        names = {
            target.id: node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Refusal"):
                continue
            reason, *details = node.args
            assert not isinstance(reason, ast.Constant), f"{path}: {reason.value!r} is no name"
            if not isinstance(reason, ast.Attribute):
                continue
            given = details[0] if details else ast.Dict([], [])
            if isinstance(given, ast.Name):
                given = names[given.id]
            assert isinstance(given, ast.Dict), ast.dump(given)
            keys = {key.value for key in given.keys if isinstance(key, ast.Constant)}
            found.append((reason.attr, {str(key) for key in keys}, str(path)))
    return found


def test_what_is_raised_fills_in_the_texts_exactly() -> None:
    found = raised()
    for reason, details, path in found:
        assert placeholders(REASONS[reason].english) == details, f"{reason} in {path}"
    assert len({reason for reason, _, _ in found}) > 20


def details_of(refusal: Refusal) -> dict[str, list[object]]:
    found: dict[str, list[object]] = {}
    for packed in STATUSES.status_of(refusal).details:
        name = packed.TypeName().rpartition(".")[2]
        message = getattr(error_details_pb2, name)()
        assert packed.Unpack(message)
        found.setdefault(name, []).append(message)
    return found


@pytest.mark.parametrize("reason", sorted(REASONS))
def test_a_status_says_why_in_both_languages(reason: str) -> None:
    details = dict.fromkeys(placeholders(REASONS[reason].english), "値")
    status = STATUSES.status_of(Refusal(reason, details))
    found = details_of(Refusal(reason, details))
    assert status.code == grpc.StatusCode[REASONS[reason].code].value[0]
    (info,) = found["ErrorInfo"]
    assert isinstance(info, error_details_pb2.ErrorInfo)
    assert (info.reason, info.domain, dict(info.metadata)) == (
        reason,
        "jichipoint",
        {**details, "standing": REASONS[reason].standing},
    )
    texts = {
        message.locale: message.message
        for message in found["LocalizedMessage"]
        if isinstance(message, error_details_pb2.LocalizedMessage)
    }
    assert list(texts) == ["ja", "en"]
    assert status.message == texts["en"]
    assert "{" not in texts["ja"] + texts["en"]
    retry = REASONS[reason].code in (Code.UNAVAILABLE, Code.RESOURCE_EXHAUSTED)
    assert ("RetryInfo" in found) is retry


def test_counts_have_commas_for_people_and_none_for_programs() -> None:
    refusal = Refusal("OVER_LIMIT_PER_CITIZEN_DAY", {"maximum": "1234567", "left": "999"})
    found = details_of(refusal)
    (info,) = found["ErrorInfo"]
    assert isinstance(info, error_details_pb2.ErrorInfo)
    assert dict(info.metadata) == {
        "maximum": "1234567",
        "left": "999",
        "standing": "TURNED_AWAY",
    }
    assert STATUSES.status_of(refusal).message == (
        "One person can use at most 1,234,567 points a day (999 left today)."
    )
    japanese, _ = details_of(Refusal("INSUFFICIENT_POINTS", {"balance": "1630"}))[
        "LocalizedMessage"
    ]
    assert isinstance(japanese, error_details_pb2.LocalizedMessage)
    assert japanese.message == "ポイント残高(1,630pt)が足りません。"
    name = Refusal("PROGRAM_OUT_OF_PERIOD", {"program": "1000"})
    assert STATUSES.status_of(name).message == "1000 is out of its service period."


def violations_in(found: dict[str, list[object]]) -> list[tuple[str, str]]:
    (bad,) = found["BadRequest"]
    assert isinstance(bad, error_details_pb2.BadRequest)
    return [(one.field, one.description) for one in bad.field_violations]


def test_a_bad_field_is_named() -> None:
    found = details_of(InvalidFieldsError([Violation("points", "1 or more", "1以上")]))
    assert violations_in(found) == [("points", "1 or more")]


def test_every_bad_field_is_told_of_in_words_too() -> None:
    refusal = InvalidFieldsError(
        [
            Violation("contact.postal_code", "7 digits", "数字7桁"),
            Violation("mail", "a mail address", "メールアドレスの形"),
        ]
    )
    found = details_of(refusal)
    assert violations_in(found) == [
        ("contact.postal_code", "7 digits"),
        ("mail", "a mail address"),
    ]
    assert [one.message for one in found["LocalizedMessage"] if isinstance(one, Localized)] == [
        "入力内容に誤りがあります(郵便番号: 数字7桁、メールアドレス: メールアドレスの形)。",
        "Not valid: contact.postal_code: 7 digits; mail: a mail address.",
    ]


def test_a_status_stays_small_however_much_is_wrong() -> None:
    wrong = [
        Violation(f"merges[{number}].transaction_number", "1 to 20 visible characters", "1～20文字")
        for number in range(1000)
    ]
    status = STATUSES.status_of(InvalidFieldsError(wrong))
    assert len(violations_in(details_of(InvalidFieldsError(wrong)))) == VIOLATIONS_MAX
    assert len(status.SerializeToString()) + len(status.message) < 6000, "gRPC sends 8 KiB"
