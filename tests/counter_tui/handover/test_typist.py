import subprocess
import sys

import pytest

from counter_tui.handover.opening import open_typist
from counter_tui.handover.typist import HandoverError, HandoverTrouble, TypingMethod
from counter_tui.handover.uinput import UinputTypist
from counter_tui.handover.x11 import X11Typist


def test_each_method_has_its_typist() -> None:
    assert isinstance(open_typist(TypingMethod("x11")), X11Typist)
    assert isinstance(open_typist(TypingMethod("uinput")), UinputTypist)


@pytest.mark.parametrize("method", TypingMethod)
def test_the_extra_is_not_installed(method: TypingMethod, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, f"counter_tui.handover.{method}", None)
    with pytest.raises(HandoverError) as raised:
        open_typist(method)
    assert raised.value.trouble is HandoverTrouble.NOT_INSTALLED


def test_the_packages_are_imported_when_a_typist_is_opened() -> None:
    program = (
        "import sys; from counter_tui.handover import opening, typist;"
        "print(sorted({'Xlib', 'evdev'} & set(sys.modules)));"
        "opening.open_typist(typist.TypingMethod.X11);"
        "print(sorted({'Xlib', 'evdev'} & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert said.stdout.decode() == "[]\n['Xlib']\n"
