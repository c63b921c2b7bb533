"""The table of service IDs, for administrative queries."""

from peewee import CharField, CompositeKey, IntegerField, Model


class ServiceIdRow(Model):
    """A citizen's number at an issuer."""

    issuer_id = CharField()
    customer_id = CharField()
    citizen_id = IntegerField()
    registered_at = IntegerField(default=0)
    """Microseconds since 1970; 0 for numbers from before that was kept."""
    signature_serial_number = CharField(null=True)

    class Meta:
        """The table."""

        table_name = "service_id"
        primary_key = CompositeKey("issuer_id", "customer_id")
