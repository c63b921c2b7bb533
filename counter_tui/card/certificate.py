"""What the counter wants to know of a certificate."""

from counter_tui.card.apdu import DamagedFileError
from counter_tui.card.reader import UserCertificate
from counter_tui.core.tokyo import day_of


def user_certificate(der: bytes) -> UserCertificate:
    """Return serial number and last good day of a certificate. Raises DamagedFileError."""
    from cryptography import x509  # noqa: PLC0415

    try:
        certificate = x509.load_der_x509_certificate(der)
        last_good_day = day_of(certificate.not_valid_after_utc)
        return UserCertificate(f"{certificate.serial_number:X}".zfill(6), last_good_day)
    except (ValueError, OverflowError) as error:
        raise DamagedFileError(f"the certificate cannot be read: {error}") from error
