"""The signed text of a voucher's QR code, against the vector that formats.md gives."""

from datetime import date

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from server.vouchers.codes import SigningKey, voucher_number

VECTOR = (
    "JPV1.987654321012.00000001.500.20170401.20170501.0001.4KRRAC7S75EQRXGEZ6BD7GBVHB6SE24CJSGP"
    "7ZBQ3PUVHYKAXPHXW4NX5BNIQJANVGJGQHARGEXRLLERJVTTRFIZ6PD7VKYFWMDC6BY"
)
PUBLIC_KEY = "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"


def test_the_vector() -> None:
    private = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    assert private.public_key().public_bytes_raw().hex() == PUBLIC_KEY
    signed = SigningKey(1, private).sign(
        "987654321012", "00000001", 500, date(2017, 4, 1), date(2017, 5, 1)
    )
    assert signed == VECTOR


def test_numbers_have_twelve_digits_however_small() -> None:
    assert voucher_number(bytes(16)) == "000000000000"
    assert voucher_number((10**12 + 7).to_bytes(16, "big")) == "000000000007"
    assert voucher_number(b"\xff" * 16).isdecimal()
