"""Opens what types, by its method."""

from counter_tui.handover.typist import HandoverError, HandoverTrouble, TypingMethod, Typist


def open_typist(method: TypingMethod) -> Typist:
    """Return what types this way; nothing is opened before it types.

    Raises HandoverError (NOT_INSTALLED).
    """
    try:
        if method is TypingMethod.UINPUT:
            from counter_tui.handover.uinput import UinputTypist  # noqa: PLC0415 -- an extra

            return UinputTypist()
        from counter_tui.handover.x11 import X11Typist  # noqa: PLC0415 -- an extra

        return X11Typist()
    except ImportError as error:
        raise HandoverError(HandoverTrouble.NOT_INSTALLED, str(error)) from error
