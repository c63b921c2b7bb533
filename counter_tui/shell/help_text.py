"""The text of a help box: a step that is too long for its line goes on under its words."""

import re
from collections.abc import Iterator

from textual.containers import Horizontal
from textual.widget import Widget

from counter_tui.shell.widgets import Words

_STEP = re.compile(r"([0-9]\. | {3})(.*)")
"""A step, or what a text sets under the words of the step before."""


def paragraphs(text: str) -> Iterator[Widget]:
    """Return the widgets of a text: what is no step, and each step with its number apart."""
    plain: list[str] = []
    for line in text.split("\n"):
        step = _STEP.fullmatch(line)
        if step is None:
            plain.append(line)
            continue
        if plain:
            yield Words("\n".join(plain))
            plain = []
        number, words = step.groups()
        yield Horizontal(
            Words(number, classes="step-number"),
            Words(words, classes="step-words"),
            classes="step",
        )
    if plain:
        yield Words("\n".join(plain))
