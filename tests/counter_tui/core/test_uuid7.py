import re
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counter_tui.core.uuid7 import new_request_id


def test_the_example_of_rfc_9562() -> None:
    # RFC 9562, A.6: 017F22E2-79B0-7CC3-98C4-DC0C0C07398F
    tail = bytes.fromhex("0cc318c4dc0c0c07398f")
    made = new_request_id(0x017F22E279B0, lambda count: tail[:count])
    assert made == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


@given(st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=10))
def test_version_and_variant_hold_for_any_chance(now_ms: int, chance: bytes) -> None:
    text = new_request_id(now_ms, lambda count: chance[:count])
    made = uuid.UUID(text)
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert made.int >> 80 == now_ms
    assert re.fullmatch("[0-9a-f-]{36}", text)


def test_two_of_the_same_moment_differ() -> None:
    assert new_request_id(1) != new_request_id(1)


@pytest.mark.parametrize("now_ms", [-1, 2**48])
def test_times_that_do_not_fit(now_ms: int) -> None:
    with pytest.raises(OverflowError):
        new_request_id(now_ms)
