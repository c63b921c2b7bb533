"""The table of service IDs, for administrative queries."""

from peewee import CharField, CompositeKey, IntegerField, Model


class ServiceIdRow(Model):
    """A citizen's number at an issuer."""

    issuer_id = CharField()
    customer_id = CharField()
    citizen_id = IntegerField()

    class Meta:
        """The table."""

        table_name = "service_id"
        primary_key = CompositeKey("issuer_id", "customer_id")
