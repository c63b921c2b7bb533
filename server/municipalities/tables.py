"""The tables of municipalities, programs, places and issuers, for administrative queries."""

from peewee import BooleanField, CharField, IntegerField, Model


class MunicipalityRow(Model):
    """A city, ward, town, village or prefecture."""

    municipality_code = CharField(primary_key=True)
    name = CharField()
    prefecture = CharField()
    is_prefecture = BooleanField()
    offline_vouchers_max = IntegerField(default=20)
    offline_points_max = IntegerField(default=20_000)

    class Meta:
        """The table."""

        table_name = "municipality"


class ProgramRow(Model):
    """A point program."""

    program_id = CharField(primary_key=True)
    municipality_code = CharField(null=True)
    kind = CharField()
    name = CharField()
    days_valid = IntegerField()
    service_from = CharField(null=True)
    service_until = CharField(null=True)
    shown_on_my_page = BooleanField()
    points_per_use_max = IntegerField(null=True)
    points_per_citizen_day_max = IntegerField(null=True)
    points_per_terminal_day_max = IntegerField(null=True)
    pin_above_points = IntegerField(null=True)

    class Meta:
        """The table."""

        table_name = "program"


class ProgramTerminalsRow(Model):
    """One rule of where an event's points can be used (EVT-2)."""

    program_id = CharField()
    municipality_code = CharField(null=True)
    terminal_class = CharField(null=True)
    issuer_id = CharField(null=True)
    terminal_id = CharField(null=True)

    class Meta:
        """The table."""

        table_name = "program_terminals"
        primary_key = False


class IssuerRow(Model):
    """A library, shopping street or other giver of user cards."""

    issuer_id = CharField(primary_key=True)
    name = CharField()
    is_street = BooleanField()
    notification = CharField()
    symbology = CharField(default="NW7")
    nw7_start = CharField(default="A")
    nw7_stop = CharField(default="A")
    reading = CharField(default="KEYBOARD")
    driver = CharField(default="")

    class Meta:
        """The table."""

        table_name = "issuer"


class PlaceRow(Model):
    """A shop or facility (設置場所)."""

    place_id = IntegerField(primary_key=True)
    municipality_code = CharField()
    name = CharField()
    collecting_place_id = IntegerField(null=True)

    class Meta:
        """The table."""

        table_name = "place"
