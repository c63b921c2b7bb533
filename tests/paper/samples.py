"""One whole example of every command, with what must come before it."""

from dataclasses import dataclass

STORE_QR = b"\x1d(k\x0a\x001P0https:/"
STORE_DOT = b"\x1d(L\x0b\x000p0\x01\x011\x08\x00\x01\x00\x80"


@dataclass(frozen=True)
class Sample:
    """A command, and what makes it valid."""

    command: bytes
    before: bytes = b""
    after: bytes = b""


SAMPLES = [
    Sample(b"\r"),
    Sample(b"\n"),
    Sample(b"\t"),
    Sample(b"\x1b@"),
    Sample(b"\x1bd\x03"),
    Sample(b"\x1bJ\x30"),
    Sample(b"\x1b2"),
    Sample(b"\x1b3\x20"),
    Sample(b"\x1ba\x01"),
    Sample(b"\x1b$\x10\x00"),
    Sample(b"\x1b\\\x10\x00"),
    Sample(b"\x1dL\x10\x00"),
    Sample(b"\x1dW\x80\x01"),
    Sample(b"\x1bR\x08"),
    Sample(b"\x1bt\x01"),
    Sample(b"\x1c&"),
    Sample(b"\x1c."),
    Sample(b"\x1cC1"),
    Sample(b"\x1c(A\x02\x0000"),
    Sample(b"\x1bM0"),
    Sample(b"\x1d!\x11"),
    Sample(b"\x1b!\x30"),
    Sample(b"\x1c!\x0c"),
    Sample(b"\x1cW\x01"),
    Sample(b"\x1bE\x01"),
    Sample(b"\x1bG\x01"),
    Sample(b"\x1b-\x01"),
    Sample(b"\x1c-\x01"),
    Sample(b"\x1dB\x01"),
    Sample(b"\x1b{\x01"),
    Sample(b"\x1b \x02"),
    Sample(b"\x1cS\x00\x02"),
    Sample(b"\x1dh\x40"),
    Sample(b"\x1dw\x02"),
    Sample(b"\x1dH\x02"),
    Sample(b"\x1df\x00"),
    Sample(b"\x1dk\x04JP-1\x00"),
    Sample(b"\x1dkG\x05A123B"),
    Sample(b"\x1d(k\x04\x001A2\x00"),
    Sample(b"\x1d(k\x03\x001C\x06"),
    Sample(b"\x1d(k\x03\x001E1"),
    Sample(STORE_QR),
    Sample(b"\x1d(k\x03\x001Q0", before=STORE_QR),
    Sample(b"\x1dv0\x00\x01\x00\x02\x00\x80\x01"),
    Sample(STORE_DOT, after=b"\x1d(L\x02\x0002"),
    Sample(b"\x1d(L\x02\x0002", before=STORE_DOT),
    Sample(b"\x1d8L\x0b\x00\x00\x000p0\x01\x011\x08\x00\x01\x00\x80", after=b"\x1d(L\x02\x0002"),
    Sample(b"\x1dV\x00"),
    Sample(b"\x1dVB\x00"),
    Sample(b"\x1d(A\x02\x00\x00\x40"),
    Sample(b"\x1bp\x00\x32\x32"),
    Sample(b"\x1da\x00"),
    Sample(b"\x1dr1"),
    Sample(b"\x10\x04\x01"),
    Sample(b"\x8a\xbf", before=b"\x1cC1", after=b"\n"),
    Sample(b"\x34\x41", before=b"\x1cC0\x1c&", after=b"\n"),
]
