"""The settings of card checks: authorities, and where revocations are asked for (CRD-2)."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import NamedTuple

import click

from server.chance import Chance
from server.citizens.proofs import Verify
from server.citizens.revoked_cards import RevokedCards
from server.clock import Clock

log = logging.getLogger(__name__)


class UnusableCardSettingsError(Exception):
    """The settings do not go together; the message says what to do."""


@dataclass(frozen=True, slots=True)
class CardSettings:
    """Which cards' signatures are accepted."""

    authorities: tuple[Path, ...]
    test_authorities: tuple[Path, ...]
    revocation_lists: tuple[Path, ...]
    ocsp: str | None


class CardChecks(NamedTuple):
    """What looks at cards."""

    verify: Verify
    revoked: RevokedCards


def card_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of CardSettings, which it gets as `cards`."""

    @wraps(command)
    def with_cards(
        authorities: tuple[Path, ...],
        test_authorities: tuple[Path, ...],
        revocation_lists: tuple[Path, ...],
        ocsp: str | None,
        **others: object,
    ) -> None:
        cards = CardSettings(authorities, test_authorities, revocation_lists, ocsp)
        command(cards=cards, **others)

    file = click.Path(dir_okay=False, path_type=Path)
    options = (
        click.option(
            "--card-authority",
            "authorities",
            multiple=True,
            type=file,
            help="A PEM file with certification authorities whose cards prove a PIN.",
        ),
        click.option(
            "--test-card-authority",
            "test_authorities",
            multiple=True,
            type=file,
            help="The same for test cards. Never for points that are worth something.",
        ),
        click.option(
            "--revocation-list",
            "revocation_lists",
            multiple=True,
            type=file,
            help="A file with an authority's list of revoked certificates (CRL).",
        ),
        click.option("--ocsp", metavar="URL", help="The authority's OCSP responder."),
    )
    wrapped: Callable[..., None] = with_cards
    for option in reversed(options):
        wrapped = option(wrapped)
    return wrapped


def card_checks(settings: CardSettings, clock: Clock, chance: Chance) -> CardChecks | None:
    """Return what checks cards; None where no authority is set.

    Raises UnusableCardSettingsError.
    """
    if not settings.authorities and not settings.test_authorities:
        return None
    # These take cryptography's X.509, which servers without them need not load.
    from server.citizens.anchors import UnusableAnchorError, read_anchors  # noqa: PLC0415
    from server.citizens.ocsp import Responder, ResponderOfSeveral  # noqa: PLC0415
    from server.citizens.revocation import FirstThatTells, Revocation, RevocationList  # noqa: PLC0415
    from server.citizens.verification import CardVerifier  # noqa: PLC0415

    if not settings.revocation_lists and settings.ocsp is None:
        raise UnusableCardSettingsError(
            "cards cannot be checked for revocation: give --ocsp or --revocation-list"
        )
    try:
        anchors = [
            anchor
            for is_test, paths in ((False, settings.authorities), (True, settings.test_authorities))
            for path in paths
            for anchor in read_anchors(path, clock.now(), is_test=is_test)
        ]
        responder = Responder(settings.ocsp, chance) if settings.ocsp else None
    except (UnusableAnchorError, ValueError) as error:
        raise UnusableCardSettingsError(str(error)) from error
    lists = [RevocationList(path, anchors) for path in settings.revocation_lists]
    for anchor in anchors:
        if anchor.is_test:
            name = anchor.certificate.subject.rfc4514_string()
            log.warning("TEST CARDS ARE ACCEPTED: anyone can make cards of %s", name)
    sources: list[Revocation] = [responder, *lists] if responder else [*lists]
    verifier = CardVerifier(anchors, FirstThatTells(sources), clock)
    issuers = [anchor.certificate for anchor in anchors]
    asked = ResponderOfSeveral(responder, issuers) if responder else None
    return CardChecks(verifier.verify, RevokedCards(lists, clock, asked))
