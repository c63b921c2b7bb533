"""An X server for these tests, with a field that has the focus."""

from collections.abc import Iterator

import pytest

from tests.counter_tui.handover.desktop import (
    CAPS_LOCK,
    CONTROL,
    DIGIT_ONE,
    LOCK_MASK,
    SHIFT,
    WANTED,
    Desktop,
    Field,
    XServer,
    is_installed,
    x_server,
)


@pytest.fixture(scope="session")
def shared_server() -> Iterator[XServer]:
    if not is_installed():
        pytest.skip(f"needs an X server: {WANTED}")
    with x_server() as server:
        yield server


@pytest.fixture(scope="session")
def shared_desktop(shared_server: XServer) -> Iterator[Desktop]:
    desktop = Desktop(shared_server.name)
    yield desktop
    desktop.display.close()


@pytest.fixture(scope="session")
def shared_field(
    shared_desktop: Desktop, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Field]:
    field = Field(shared_desktop, tmp_path_factory.mktemp("field"))
    yield field
    field.close()


@pytest.fixture
def desktop(shared_desktop: Desktop, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desktop]:
    """A US layout, no key held down, nothing locked; and put back to that."""
    monkeypatch.setenv("DISPLAY", shared_desktop.name)
    monkeypatch.delenv("WINDOWID", raising=False)
    shared_desktop.use_layout("us", "-option", "")
    yield shared_desktop
    shared_desktop.use_layout("us", "-option", "")
    shared_desktop.release(SHIFT, CONTROL, DIGIT_ONE)
    if shared_desktop.modifiers() & LOCK_MASK:
        shared_desktop.tap(CAPS_LOCK)
    assert shared_desktop.modifiers() == 0


@pytest.fixture
def field(desktop: Desktop, shared_field: Field) -> Field:
    shared_field.focus()
    return shared_field
