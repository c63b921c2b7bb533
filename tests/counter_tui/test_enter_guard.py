"""USE-8: a second Enter within half a second does nothing, nor does a held key."""

from counter_tui.enter_guard import EnterGuard


def test_the_first_half_second_is_quiet() -> None:
    assert not EnterGuard(10.0).accepts(10.49)
    assert EnterGuard(10.0).accepts(10.5)


def test_a_held_key_is_never_accepted() -> None:
    guard = EnterGuard(0.0)
    assert not any(guard.accepts(step * 0.03) for step in range(1, 200))


def test_an_enter_after_a_pause_is_accepted() -> None:
    guard = EnterGuard(0.0)
    guard.accepts(0.1)
    assert guard.accepts(0.7)
