"""The table of bookings: one row for each method that the application books.

Whoever adds a booking adds its row here; a method without one is refused wherever it is met.
"""

from typing import Any

from jichipoint.v1 import merging_pb2, points_pb2, service_ids_pb2, vouchers_pb2

from counter_tui.bookings.begun import (
    Begun,
    Resumed,
    nothing_more,
    told_cancel,
    told_issue,
    told_merge,
    told_redeem,
    told_register,
    told_spend,
    with_transaction,
    with_voucher,
)
from counter_tui.bookings.bookings import Finished
from counter_tui.bookings.kinds import Kind, Kinds
from counter_tui.slips.document import Slip
from counter_tui.slips.receipts import (
    Letterhead,
    cancellation_receipt,
    merge_receipt,
    redemption_receipt,
    spend_receipt,
)
from counter_tui.slips.vouchers import voucher_slip
from counter_tui.tasks.points.cancel import CancelDoneScreen
from counter_tui.tasks.points.merge import merge_done
from counter_tui.tasks.points.spend import spend_done
from counter_tui.tasks.service_ids.register import RegisteredScreen
from counter_tui.tasks.vouchers.issue import voucher_done
from counter_tui.tasks.vouchers.redeem import RedeemDoneScreen
from counter_tui.texts import later

_NOT_BOOKED = later("前回の処理は記帳されていません。ポイントは減っていません。")
_NOT_CANCELLED = later("前回の取消は記帳されていません。ポイントは戻っていません。")


def _cancellation(answer: Any, head: Letterhead, program_name: str) -> Slip:
    return cancellation_receipt(answer, program_name, head)


def _spend_cancelled(
    finished: Finished, head: Letterhead, begun: Begun, resumed: Resumed
) -> CancelDoneScreen:
    answer = points_pb2.CancelSpendResponse.FromString(finished.booked.answer)
    slip = cancellation_receipt(answer, begun.program, head)
    return CancelDoneScreen(finished, slip, resumed=resumed)


def _voucher_cancelled(
    finished: Finished, head: Letterhead, begun: Begun, resumed: Resumed
) -> CancelDoneScreen:
    answer = vouchers_pb2.CancelVoucherResponse.FromString(finished.booked.answer)
    slip = cancellation_receipt(answer, begun.program, head)
    return CancelDoneScreen(finished, slip, resumed=resumed)


def _redeemed(
    finished: Finished, head: Letterhead, _begun: Begun, resumed: Resumed
) -> RedeemDoneScreen:
    answer = vouchers_pb2.RedeemVoucherResponse.FromString(finished.booked.answer)
    return RedeemDoneScreen(finished, redemption_receipt(answer, head), resumed=resumed)


KINDS = Kinds(
    {
        "Spend": Kind(
            service="jichipoint.v1.PointService",
            request=points_pb2.SpendRequest,
            answer=points_pb2.SpendResponse,
            slip=lambda answer, head, _name: spend_receipt(answer, head),
            what=later("ポイント利用"),
            not_done=_NOT_BOOKED,
            tell=told_spend,
            ask=nothing_more,
            done=lambda finished, head, _begun, resumed: spend_done(
                finished, head, resumed=resumed
            ),
        ),
        "CancelSpend": Kind(
            service="jichipoint.v1.PointService",
            request=points_pb2.CancelSpendRequest,
            answer=points_pb2.CancelSpendResponse,
            slip=_cancellation,
            what=later("ポイント利用の取消"),
            not_done=_NOT_CANCELLED,
            tell=told_cancel,
            ask=with_transaction,
            done=_spend_cancelled,
        ),
        "Merge": Kind(
            service="jichipoint.v1.MergeService",
            request=merging_pb2.MergeRequest,
            answer=merging_pb2.MergeResponse,
            slip=lambda answer, head, _name: merge_receipt(answer, head),
            what=later("商店街ポイント合算"),
            not_done=_NOT_BOOKED,
            tell=told_merge,
            ask=nothing_more,
            done=lambda finished, head, _begun, resumed: merge_done(
                finished, head, resumed=resumed
            ),
        ),
        "IssueVoucher": Kind(
            service="jichipoint.v1.VoucherService",
            request=vouchers_pb2.IssueVoucherRequest,
            answer=vouchers_pb2.IssueVoucherResponse,
            slip=lambda answer, head, _name: voucher_slip(
                answer.transaction_number, answer.voucher, answer.qr_text, head
            ),
            what=later("ポイント券発行"),
            not_done=_NOT_BOOKED,
            tell=told_issue,
            ask=nothing_more,
            done=lambda finished, head, _begun, resumed: voucher_done(
                finished, head, resumed=resumed
            ),
            needs_printer=True,
        ),
        "RedeemVoucher": Kind(
            service="jichipoint.v1.VoucherService",
            request=vouchers_pb2.RedeemVoucherRequest,
            answer=vouchers_pb2.RedeemVoucherResponse,
            slip=lambda answer, head, _name: redemption_receipt(answer, head),
            what=later("ポイント券消込"),
            not_done=later("前回の消込は記帳されていません。ポイント券は消し込まれていません。"),
            tell=told_redeem,
            ask=with_voucher,
            done=_redeemed,
        ),
        "CancelVoucher": Kind(
            service="jichipoint.v1.VoucherService",
            request=vouchers_pb2.CancelVoucherRequest,
            answer=vouchers_pb2.CancelVoucherResponse,
            slip=_cancellation,
            what=later("ポイント券発行の取消"),
            not_done=_NOT_CANCELLED,
            tell=told_cancel,
            ask=with_transaction,
            done=_voucher_cancelled,
        ),
        "RegisterServiceId": Kind(
            service="jichipoint.v1.ServiceIdService",
            request=service_ids_pb2.RegisterServiceIdRequest,
            answer=service_ids_pb2.RegisterServiceIdResponse,
            slip=None,
            what=later("サービスIDの登録"),
            not_done=later("前回の登録は行われていません。"),
            tell=told_register,
            ask=nothing_more,
            done=lambda finished, _head, _begun, resumed: RegisteredScreen(
                finished, resumed=resumed
            ),
        ),
    }
)
