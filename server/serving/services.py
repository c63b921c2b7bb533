"""All services, the class that answers each, and who may call its methods."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from google.protobuf.descriptor import ServiceDescriptor
from jichipoint.v1 import (
    cards_pb2,
    days_pb2,
    ledger_pb2,
    merging_pb2,
    mykey_pb2,
    operations_pb2,
    points_pb2,
    service_ids_pb2,
    streets_pb2,
    terminals_pb2,
    vouchers_pb2,
)

from server.accounts.servicer import LedgerServicer
from server.callers.values import TerminalClass
from server.citizens.servicer import CardServicer
from server.days.servicer import DayServicer
from server.merging.servicer import MergeServicer
from server.mykey_ids.servicer import MykeyServicer
from server.operations.servicer import OperationServicer
from server.points.servicer import PointServicer
from server.rpc.access import EVERY_TERMINAL, Anyone, Declared, IssuerSystems, declared_by
from server.service_ids.servicer import ServiceIdServicer
from server.streets.servicer import StreetServicer
from server.terminals.servicer import TerminalServicer
from server.vouchers.servicer import VoucherServicer

SERVICERS: Mapping[ServiceDescriptor, type] = {
    cards_pb2.DESCRIPTOR.services_by_name["CardService"]: CardServicer,
    days_pb2.DESCRIPTOR.services_by_name["DayService"]: DayServicer,
    ledger_pb2.DESCRIPTOR.services_by_name["LedgerService"]: LedgerServicer,
    merging_pb2.DESCRIPTOR.services_by_name["MergeService"]: MergeServicer,
    mykey_pb2.DESCRIPTOR.services_by_name["MykeyService"]: MykeyServicer,
    operations_pb2.DESCRIPTOR.services_by_name["OperationService"]: OperationServicer,
    points_pb2.DESCRIPTOR.services_by_name["PointService"]: PointServicer,
    service_ids_pb2.DESCRIPTOR.services_by_name["ServiceIdService"]: ServiceIdServicer,
    streets_pb2.DESCRIPTOR.services_by_name["StreetService"]: StreetServicer,
    terminals_pb2.DESCRIPTOR.services_by_name["TerminalService"]: TerminalServicer,
    vouchers_pb2.DESCRIPTOR.services_by_name["VoucherService"]: VoucherServicer,
}


@dataclass(frozen=True, slots=True)
class DeclaredMethod:
    """A method, and who may call it."""

    name: str
    """Service and method, as in a call's path."""
    declared: Declared | None

    @property
    def whose(self) -> str:
        """Whose data it shows or changes; empty where nothing is declared."""
        return str(self.declared.whose) if self.declared else ""

    @property
    def callers(self) -> list[str]:
        """Return the kinds of caller: terminal classes, ISSUER_SYSTEM, ANYONE."""
        if self.declared is None:
            return []
        match self.declared.access:
            case Anyone():
                return ["ANYONE"]
            case IssuerSystems():
                return ["ISSUER_SYSTEM"]
            case classes if classes == EVERY_TERMINAL:
                return ["EVERY_TERMINAL"]
            case classes:
                return [str(one) for one in TerminalClass if one in classes]


def declared_methods() -> Iterator[DeclaredMethod]:
    """Yield every method of every service, by name, with what its servicer declares (SEC-2)."""
    for service, servicer in sorted(SERVICERS.items(), key=lambda one: one[0].full_name):
        for method in service.methods:
            declared = declared_by(getattr(servicer, method.name))
            yield DeclaredMethod(f"{service.full_name}/{method.name}", declared)
