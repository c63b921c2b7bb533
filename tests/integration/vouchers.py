"""Asking for vouchers over a real socket."""

from dataclasses import dataclass

from jichipoint.v1 import days_pb2, vouchers_pb2

from tests.integration.support import Client, kind_name, to_date
from tests.server.support import CARD_A, MUNICIPAL, MYKEY, TODAY, new_request_id


def issue_request(
    points: int = 100,
    serial_number: str = CARD_A,
    program_id: str = MUNICIPAL,
    days_valid: int = 30,
    request_id: str | None = None,
) -> vouchers_pb2.IssueVoucherRequest:
    return vouchers_pb2.IssueVoucherRequest(
        request_id=request_id or new_request_id(),
        certificate_serial_number=serial_number,
        mykey_id=MYKEY[serial_number],
        program_id=program_id,
        points=points,
        shown_on=to_date(TODAY),
        days_valid=days_valid,
    )


def redeem_request(
    number: str, place_id: int = 0, request_id: str | None = None
) -> vouchers_pb2.RedeemVoucherRequest:
    return vouchers_pb2.RedeemVoucherRequest(
        request_id=request_id or new_request_id(), voucher_number=number, place_id=place_id
    )


@dataclass(frozen=True)
class Vouchers:
    """A terminal's vouchers."""

    client: Client

    async def issue(
        self, request: vouchers_pb2.IssueVoucherRequest
    ) -> vouchers_pb2.IssueVoucherResponse:
        answer = vouchers_pb2.IssueVoucherResponse
        return await self.client.call("VoucherService/IssueVoucher", request, answer)

    async def look_up(self, number: str, place_id: int = 0) -> vouchers_pb2.Voucher:
        request = vouchers_pb2.LookUpVoucherRequest(voucher_number=number, place_id=place_id)
        answer = vouchers_pb2.LookUpVoucherResponse
        return (await self.client.call("VoucherService/LookUpVoucher", request, answer)).voucher

    async def redeem(
        self, request: vouchers_pb2.RedeemVoucherRequest
    ) -> vouchers_pb2.RedeemVoucherResponse:
        answer = vouchers_pb2.RedeemVoucherResponse
        return await self.client.call("VoucherService/RedeemVoucher", request, answer)

    async def cancel(
        self, number: str, request_id: str | None = None
    ) -> vouchers_pb2.CancelVoucherResponse:
        request = vouchers_pb2.CancelVoucherRequest(
            request_id=request_id or new_request_id(), transaction_number=number, reason="誤り"
        )
        answer = vouchers_pb2.CancelVoucherResponse
        return await self.client.call("VoucherService/CancelVoucher", request, answer)

    async def reprint(
        self, number: str, request_id: str | None = None
    ) -> vouchers_pb2.ReprintVoucherResponse:
        request = reprint_request(number, request_id)
        answer = vouchers_pb2.ReprintVoucherResponse
        return await self.client.call("VoucherService/ReprintVoucher", request, answer)

    async def totals(self) -> list[tuple[str, int, int, int, int]]:
        answer = await self.client.call(
            "DayService/GetDayTotals",
            days_pb2.GetDayTotalsRequest(),
            days_pb2.GetDayTotalsResponse,
        )
        return [
            (kind_name(one.kind), one.count, one.points, one.cancelled_count, one.cancelled_points)
            for one in answer.totals
        ]

    async def day(
        self, page_size: int = 0, token: str = ""
    ) -> days_pb2.ListDayTransactionsResponse:
        request = days_pb2.ListDayTransactionsRequest(page_size=page_size, page_token=token)
        answer = days_pb2.ListDayTransactionsResponse
        return await self.client.call("DayService/ListDayTransactions", request, answer)


def reprint_request(
    number: str, request_id: str | None = None
) -> vouchers_pb2.ReprintVoucherRequest:
    return vouchers_pb2.ReprintVoucherRequest(
        request_id=request_id or new_request_id(), transaction_number=number
    )
