"""The words of the screens are all there, in both languages."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages import mofile, pofile

import counter_tui
from counter_tui import texts

PACKAGE = Path(counter_tui.__file__).parent
CATALOGUE = PACKAGE / "locale" / "en" / "LC_MESSAGES" / "counter.po"


def marked_texts() -> set[str]:
    """Return every text that the source marks for translation."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                argument = node.args[0] if node.args else None
                if node.func.id in ("_", "later") and isinstance(argument, ast.Constant):
                    found.add(str(argument.value))
    return found


def japanese_literals() -> set[str]:
    """Return every text with Japanese in it on a screen that is not marked for translation."""
    found = set()
    for path in [*PACKAGE.glob("*.py"), *PACKAGE.glob("screens/*.py")]:
        tree = ast.parse(path.read_text("utf-8"))
        marked = {
            id(argument)
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("_", "later")
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


def english() -> dict[str, str]:
    with CATALOGUE.open("rb") as file:
        catalogue = pofile.read_po(file)
    return {str(message.id): str(message.string) for message in catalogue if message.id}


def test_every_marked_text_has_its_english() -> None:
    translated = english()
    missing = [text for text in marked_texts() if not translated.get(text)]
    assert missing == []


def test_the_catalogue_holds_nothing_that_is_not_used() -> None:
    assert set(english()) - marked_texts() == set()


def test_no_japanese_on_a_screen_is_left_unmarked() -> None:
    assert japanese_literals() == set()


def test_placeholders_are_the_same_in_both_languages() -> None:
    for japanese, other in english().items():
        assert set(_fields(japanese)) == set(_fields(other)), japanese


def _fields(text: str) -> list[str]:
    return [part.split("}")[0] for part in text.split("{")[1:]]


def test_the_compiled_catalogue_is_fresh() -> None:
    with CATALOGUE.with_suffix(".mo").open("rb") as file:
        compiled = mofile.read_mo(file)
    assert {str(m.id): str(m.string) for m in compiled if m.id} == english()


def test_the_language_is_chosen() -> None:
    texts.use("en")
    assert (texts._("利用"), texts.language()) == ("Use", "en")
    texts.use("ja")
    assert (texts._("利用"), texts.language()) == ("利用", "ja")


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
