"""The done screens of what an earlier run had begun (USE-5)."""

from counter_tui.core.answers import slip_of
from counter_tui.core.bookings import Finished
from counter_tui.screens.cancel import CancelDoneScreen
from counter_tui.screens.merge import merge_done
from counter_tui.screens.service_id_register import RegisteredScreen
from counter_tui.screens.spend import spend_done
from counter_tui.screens.use_done import DoneScreen
from counter_tui.screens.voucher_issue import voucher_done
from counter_tui.screens.voucher_redeem import RedeemDoneScreen
from counter_tui.slips.receipts import Letterhead


def resumed_screen(finished: Finished, head: Letterhead) -> DoneScreen | RegisteredScreen:
    """Return the screen of a booking that was brought to its end after a restart."""
    match finished.booked.method:
        case "RegisterServiceId":
            return RegisteredScreen(finished, resumed=True)
        case "Merge":
            return merge_done(finished, head, resumed=True)
        case "IssueVoucher":
            return voucher_done(finished, head, resumed=True)
        case "RedeemVoucher":
            return RedeemDoneScreen(finished, slip_of(finished.booked, head), resumed=True)
        case "CancelSpend" | "CancelVoucher":
            return CancelDoneScreen(finished, slip_of(finished.booked, head), resumed=True)
    return spend_done(finished, head, resumed=True)
