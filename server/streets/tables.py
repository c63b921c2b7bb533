"""The tables of streets' merge settings, for administrative queries."""

from peewee import BlobField, CharField, CompositeKey, IntegerField, Model


class StreetRow(Model):
    """How an issuer that is a shopping street takes merges: settings for keys yet to be made."""

    issuer_id = CharField(primary_key=True)
    profile = IntegerField()
    id_kind = CharField()
    id_pattern = CharField()
    sealed_client_secret = BlobField(null=True)
    """None in a training ledger: no street's system signs in there."""

    class Meta:
        """The table."""

        table_name = "street"


class StreetKeyRow(Model):
    """One of a street's keys, with the settings it was made for."""

    issuer_id = CharField()
    key_id = IntegerField()
    sealed_key = BlobField()
    sealed_secret = BlobField()
    valid_from = CharField()
    valid_until = CharField(null=True)
    profile = IntegerField()
    id_kind = CharField()
    id_pattern = CharField()
    made_at = IntegerField()

    class Meta:
        """The table."""

        table_name = "street_key"
        primary_key = CompositeKey("issuer_id", "key_id")
