"""What holds for the repository as a whole."""

import re
import subprocess
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from counter_tui.bookings import bookings
from counter_tui.card.reader import CardTrouble
from counter_tui.core.voucher_code import CodeFault
from counter_tui.shell.actions import ACTIONS
from merge_driver.errors import Reason
from server.serving.refusals import REASONS

ROOT = Path(__file__).parents[1]


def tracked_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name]


def test_constraints_are_exact_and_name_no_address() -> None:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    assert lines
    for line in lines:
        assert re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*( ; .+)?", line), line
        assert "//" not in line


def test_every_make_target_is_explained() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    (phony,) = re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    explained = set(re.findall(r"^([a-z-]+):.*## \S", makefile, re.MULTILINE))
    assert set(phony.split()) == explained


PAGES = [page for where in ("*.md", "docs/**/*.md", "examples/*/*.md") for page in ROOT.glob(where)]


@pytest.mark.parametrize("page", sorted(PAGES))
def test_links_between_pages_resolve(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
    missing = [
        link
        for link in links
        if not link.startswith(("http://", "https://")) and not (page.parent / link).exists()
    ]
    assert missing == []


def test_the_counter_page_explains_every_reason_and_key() -> None:
    page = (ROOT / "docs" / "counter.ja.md").read_text("utf-8")
    at_counter = [reason for reason in REASONS if reason not in NOT_AT_THE_COUNTER]
    assert [reason for reason in at_counter if reason not in page] == []
    assert [action.shown_key for action in ACTIONS.values() if action.shown_key not in page] == []


COUNTER_TEXTS = ROOT / "counter_tui" / "locale" / "en" / "LC_MESSAGES" / "counter.po"
TYPED_OR_PRINTED = {"1,100pt", "〓"}
"""What the counter's page has in 「」 that is no text of a screen."""


def bare(text: str) -> str:
    """A text without spaces and line ends, and with one ○ for what is filled in."""
    return re.sub("○[○-]*", "○", re.sub(r"\{\w+\}", "○", re.sub(r"\s", "", text)))


def test_the_counter_page_quotes_what_the_screens_say() -> None:
    """Whole sentences of the application or, in a refusal, of the server."""
    page = (ROOT / "docs" / "counter.ja.md").read_text("utf-8")
    with COUNTER_TEXTS.open("rb") as file:
        shown = [str(message.id) for message in read_po(file) if message.id]
    said = [bare(text) for text in (*shown, *(one.japanese for one in REASONS.values()))]
    quoted = [
        sentence
        for quote in re.findall("「([^」]+)」", page)
        if quote not in TYPED_OR_PRINTED
        for sentence in re.findall("[^。]+。?", quote)
    ]
    assert len(quoted) > 30
    assert [one for one in quoted if not any(bare(one) in text for text in said)] == []


@pytest.mark.parametrize(
    ("reason", "shown"),
    re.findall(
        r"^\| `([A-Z_]+)` \| ([^|]+) \|", (ROOT / "docs" / "counter.ja.md").read_text("utf-8"), re.M
    ),
)
def test_the_counter_page_has_the_servers_words(reason: str, shown: str) -> None:
    """What is filled in stands as ○."""
    if reason in REASONS:
        assert bare(shown) == bare(REASONS[reason].japanese)


def literals(folder: Path, pattern: str) -> set[str]:
    """What a pattern finds in the source of a folder."""
    source = "".join(path.read_text("utf-8") for path in sorted(folder.rglob("*.py")))
    return set(re.findall(pattern, source))


@pytest.mark.parametrize(
    ("page", "codes"),
    [
        ("counter.ja.md", {fault.name for fault in CodeFault} | {bookings.NOT_KEPT}),
        (
            "agent.md",
            {*CardTrouble}
            | literals(
                ROOT / "counter_tui" / "agent", r'(?:_fail\(|_end\([^)]*?|_NUMBER = )"([A-Z_]+)"'
            ),
        ),
        ("formats.md", {*Reason}),
        ("api.md", set(REASONS)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_code_that_is_given_stands_on_its_page(page: str, codes: set[str]) -> None:
    assert len(codes) > 5
    listed = set(re.findall(r"`([A-Z][A-Z0-9_]+)`", (ROOT / "docs" / page).read_text("utf-8")))
    assert codes - listed == set()


NOT_AT_THE_COUNTER = {
    "CLIENT_CERTIFICATE_MISSING",
    "CLIENT_CERTIFICATE_OF_ANOTHER",
    "NOT_FOR_THIS_CALLER",
    "PLACE_UNCHANGED",
    "STREET_SIGN_IN_REFUSED",
    "VOUCHER_NOT_LAPSED",
    "VOUCHER_NOT_REDEEMED",
    "HOLD_EXPIRED",
    "HOLD_NOT_EXPIRED",
    "HOLD_SETTLED",
    "HOLD_TIMEOUT_UNFIT",
    "HOLD_UNKNOWN",
    "MOMENT_IN_FUTURE",
    "MOMENT_UNKNOWN",
    "MYKEY_ID_UNKNOWN",
    "NOTHING_LAPSED",
    "NOTHING_TO_CARRY_OVER",
    "OPERATION_UNKNOWN",
    "OVER_HELD_POINTS",
    "PLACE_UNKNOWN",
    "REQUEST_ID_REUSED",
    "RETAINED_NOT_SPENT",
}
"""Reasons that only other programs and jobs meet."""


def test_no_path_of_one_machine_is_tracked() -> None:
    homes = re.compile(rb"/(home|Users|root)/[a-z.]")
    found = [
        path.relative_to(ROOT).as_posix()
        for path in tracked_files()
        if path != Path(__file__) and path.is_file() and homes.search(path.read_bytes())
    ]
    assert found == []
