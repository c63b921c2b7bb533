"""The tables of citizens and their certificates, for administrative queries."""

from peewee import CharField, IntegerField, Model


class CitizenRow(Model):
    """A citizen with a MyKey ID."""

    citizen_id = IntegerField(primary_key=True)
    mykey_id = CharField()
    revoked_at = IntegerField(null=True)
    joined_into = IntegerField(null=True)

    class Meta:
        """The table."""

        table_name = "citizen"


class CertificateRow(Model):
    """A user-authentication certificate that finds a citizen."""

    serial_number = CharField(primary_key=True)
    citizen_id = IntegerField()
    last_good_day = CharField()
    revoked_at = IntegerField(null=True)
    renews = CharField(null=True)

    class Meta:
        """The table."""

        table_name = "certificate"


class CertificateRenewalRow(Model):
    """A line of the certification authority's list of renewed certificates (CRD-4)."""

    serial_number = CharField(primary_key=True)
    renews = CharField()
    last_good_day = CharField()

    class Meta:
        """The table."""

        table_name = "certificate_renewal"
