"""Which cards a server accepts, as its options say it."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from server.citizens.settings import CardSettings, UnusableCardSettingsError, card_checks
from tests.server.citizens.authorities import NOW, Authorities, StandingClock, in_a_thread, pem
from tests.server.support import TestChance

URL = "http://127.0.0.1:1/"


@pytest.fixture
def authority(tmp_path: Path, authorities: Authorities) -> Path:
    path = tmp_path / "users.pem"
    path.write_bytes(pem(authorities.authority.certificate))
    return path


def unusable(settings: CardSettings) -> str:
    with pytest.raises(UnusableCardSettingsError) as caught:
        card_checks(settings, StandingClock(), TestChance())
    return str(caught.value)


def test_without_authorities_nothing_is_checked() -> None:
    settings = CardSettings((), (), (), URL)
    assert card_checks(settings, StandingClock(), TestChance()) is None


async def test_test_cards_are_accepted_loudly(
    authority: Path, authorities: Authorities, caplog: pytest.LogCaptureFixture
) -> None:
    revoked = authority.with_suffix(".crl")
    store(revoked, authorities.authority.revocation_list([], NOW).public_bytes(Encoding.DER))
    settings = CardSettings((), (authority,), (revoked,), None)
    checks = card_checks(settings, StandingClock(), TestChance())
    assert "TEST CARDS ARE ACCEPTED" in caplog.text
    assert checks is not None
    card = await checks.verify(authorities.signed(authorities.certificate()), in_a_thread)
    assert card.serial_number == "30D45"


def store(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def test_real_authorities_are_accepted_quietly(
    authority: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = CardSettings((authority,), (), (), URL)
    assert card_checks(settings, StandingClock(), TestChance()) is not None
    assert caplog.text == ""


def test_revocation_must_be_asked_somewhere(authority: Path) -> None:
    told = unusable(CardSettings((authority,), (), (), None))
    assert told == "cards cannot be checked for revocation: give --ocsp or --revocation-list"


def test_settings_that_cannot_be_used(authority: Path, tmp_path: Path) -> None:
    assert "none.pem" in unusable(CardSettings((tmp_path / "none.pem",), (), (), URL))
    assert "not an http or https address" in unusable(CardSettings((authority,), (), (), "ftp://x"))
