"""Authorities, made once: their keys take a while."""

import pytest

from tests.server.citizens.authorities import Authorities


@pytest.fixture(scope="session")
def authorities() -> Authorities:
    return Authorities.new()
