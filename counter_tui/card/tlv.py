"""Tag, length, value, as files of the card have them (ISO/IEC 7816-4, BER-TLV)."""

from collections.abc import Iterator


class TlvError(ValueError):
    """The bytes are no sequence of TLV objects."""


def objects(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield tag and value of each object. Raises TlvError."""
    at = 0
    while at < len(content):
        width = 2 if content[at] & 0x1F == 0x1F else 1
        tag = int.from_bytes(content[at : at + width], "big")
        at += width
        if at >= len(content):
            raise TlvError("a tag without a length")
        length = content[at]
        at += 1
        if length >= 0x80:
            size = length & 0x7F
            if not 1 <= size <= 2 or at + size > len(content):
                raise TlvError("a length that cannot be read")
            length = int.from_bytes(content[at : at + size], "big")
            at += size
        if at + length > len(content):
            raise TlvError("a value that ends too early")
        yield tag, content[at : at + length]
        at += length


def make(tag: int, value: bytes) -> bytes:
    """Return an object of a one- or two-byte tag."""
    name = tag.to_bytes(2 if tag > 0xFF else 1, "big")
    if len(value) < 0x80:
        return name + bytes([len(value)]) + value
    size = (len(value).bit_length() + 7) // 8
    return name + bytes([0x80 | size]) + len(value).to_bytes(size, "big") + value
