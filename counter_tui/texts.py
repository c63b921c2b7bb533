"""The words of the screens: Japanese as in the manual, English by gettext (OPS-6)."""

import gettext
from pathlib import Path

LANGUAGES = ("ja", "en")
_CATALOGUES = Path(__file__).with_name("locale")
_chosen: gettext.NullTranslations = gettext.NullTranslations()


def use(language: str) -> None:
    """Choose the language of everything that is shown from now on: ja or en."""
    global _chosen  # noqa: PLW0603
    if language == "ja":
        _chosen = gettext.NullTranslations()
    else:
        _chosen = gettext.translation("counter", str(_CATALOGUES), [language])


def language() -> str:
    """Return the language in use."""
    return "en" if isinstance(_chosen, gettext.GNUTranslations) else "ja"


def _(text: str) -> str:
    """Return a text in the language in use."""
    return _chosen.gettext(text)


def in_context(context: str, text: str) -> str:
    """Return a text in the language in use, where another English is right than elsewhere."""
    return _chosen.pgettext(context, text)


def later(text: str) -> str:
    """Mark a text for translation where it stands; it is translated where it is shown."""
    return text
