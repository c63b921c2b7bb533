"""The words of the screens are all there, in both languages."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages import mofile, pofile
from babel.messages.catalog import Catalog, Message

import counter_tui
from counter_tui import texts

PACKAGE = Path(counter_tui.__file__).parent
CATALOGUE = PACKAGE / "locale" / "en" / "LC_MESSAGES" / "counter.po"


MARKS = ("_", "later", "in_context")
Text = tuple[str, str]
"""Context, or nothing, and text."""


def marked_texts() -> set[Text]:
    """Return every text that the source marks for translation."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                given = [one.value for one in node.args if isinstance(one, ast.Constant)]
                if node.func.id in MARKS and given:
                    found.add((str(given[0]) if len(given) > 1 else "", str(given[-1])))
    return found


def japanese_literals() -> set[str]:
    """Return every text with Japanese in it on a screen that is not marked for translation."""
    found = set()
    folders = ("bookings", "calls", "faces", "parts", "shell", "tasks")
    inside = (path for folder in folders for path in PACKAGE.glob(f"{folder}/**/*.py"))
    for path in [*PACKAGE.glob("*.py"), *inside]:
        tree = ast.parse(path.read_text("utf-8"))
        marked = {
            id(argument)
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in MARKS
            for argument in node.args
        }
        docstrings = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                japanese = any("぀" <= character <= "鿿" for character in node.value)
                if japanese and id(node) not in marked | docstrings:
                    found.add(f"{path.name}: {node.value}")
    return found


def english() -> dict[Text, str]:
    with CATALOGUE.open("rb") as file:
        return texts_of(pofile.read_po(file))


def texts_of(catalogue: Catalog) -> dict[Text, str]:
    return {(_context(one), str(one.id)): str(one.string) for one in catalogue if one.id}


def _context(message: Message) -> str:
    """Babel returns bytes where it reads a compiled catalogue."""
    context: object = message.context or ""
    return context.decode() if isinstance(context, bytes) else str(context)


def test_every_marked_text_has_its_english() -> None:
    translated = english()
    missing = [text for text in marked_texts() if not translated.get(text)]
    assert missing == []


def test_the_catalogue_holds_nothing_that_is_not_used() -> None:
    assert set(english()) - marked_texts() == set()


def test_no_japanese_on_a_screen_is_left_unmarked() -> None:
    assert japanese_literals() == set()


def test_placeholders_are_the_same_in_both_languages() -> None:
    for (_context, japanese), other in english().items():
        assert set(_fields(japanese)) == set(_fields(other)), japanese


def _fields(text: str) -> list[str]:
    return [part.split("}")[0] for part in text.split("{")[1:]]


def test_the_compiled_catalogue_is_fresh() -> None:
    with CATALOGUE.with_suffix(".mo").open("rb") as file:
        assert texts_of(mofile.read_mo(file)) == english()


def test_the_language_is_chosen() -> None:
    texts.use("en")
    assert (texts._("利用"), texts.language()) == ("Use", "en")
    assert texts._("取消") == "Cancel it"
    assert texts.in_context("kind", "取消") == "Cancellation"
    texts.use("ja")
    assert (texts._("利用"), texts.language()) == ("利用", "ja")
    assert texts.in_context("kind", "取消") == "取消"


@pytest.mark.parametrize("module", ["grpc", "cryptography", "PIL"])
def test_starting_imports_nothing_that_the_first_screen_does_not_need(module: str) -> None:
    code = f"import sys, counter_tui.compose; sys.exit({module!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_no_translation_says_its_first_sentence_twice() -> None:
    twice = [
        text
        for text, translation in english().items()
        if len(translation) > 40 and translation.count(translation[:30]) > 1
    ]
    assert twice == []
