"""The tables of terminals, sessions and client certificates, for administrative queries."""

from peewee import BlobField, CharField, IntegerField, Model


class TerminalRow(Model):
    """A registered counter machine."""

    terminal_id = CharField(primary_key=True)
    terminal_class = CharField()
    municipality_code = CharField(null=True)
    place_id = IntegerField(null=True)
    issuer_id = CharField(null=True)
    name = CharField()
    password_hash = CharField()
    machine_fingerprint = BlobField(null=True)
    withdrawn_at = IntegerField(null=True)

    class Meta:
        """The table."""

        table_name = "terminal"


class SessionRow(Model):
    """A session; the token itself is nowhere kept."""

    token_hash = BlobField(primary_key=True)
    terminal_id = CharField()
    signed_in_at = IntegerField()
    used_at = IntegerField()
    person = CharField()
    expires_at = IntegerField()
    ended_at = IntegerField(null=True)

    class Meta:
        """The table."""

        table_name = "session"


class StreetSessionRow(Model):
    """A session of a street's system; the token itself is nowhere kept."""

    token_hash = BlobField(primary_key=True)
    issuer_id = CharField()
    signed_in_at = IntegerField()
    expires_at = IntegerField()
    ended_at = IntegerField(null=True)

    class Meta:
        """The table."""

        table_name = "street_session"


class ClientCertificateRow(Model):
    """A client certificate that stands for a caller (SEC-1)."""

    fingerprint = BlobField(primary_key=True)
    """The SHA-256 of the certificate (DER)."""
    caller = CharField()
    added_at = IntegerField()

    class Meta:
        """The table."""

        table_name = "client_certificate"
