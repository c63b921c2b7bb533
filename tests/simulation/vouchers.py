"""What the specification says of vouchers (VCH), and nothing else."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta

from tests.simulation.uses import Taken, Uses
from tests.simulation.values import (
    PLACES,
    PLACES_OF,
    PLACES_TAKING,
    Answer,
    Ask,
    booked,
    day_of,
    refused,
    time_of,
)


@dataclass
class ModelVoucher:
    issue: Taken
    last_good_day: date
    state: str = "OPEN"
    place: int = 0
    """The place that is paid."""
    redeemed_at: int = 0
    reprints: int = 0

    @property
    def points(self) -> int:
        return self.issue.points

    def state_on(self, today: date) -> str:
        """What has become of it, whether or not its lapse has been booked."""
        over = self.state == "OPEN" and self.last_good_day < today
        return "LAPSED" if over else self.state

    def taken_at(self, place: int) -> bool:
        return place in PLACES_TAKING[self.issue.program]


@dataclass
class Vouchers:
    """All vouchers by number: a number stays used for ever."""

    uses: Uses
    by_number: dict[str, ModelVoucher] = field(default_factory=dict)
    reprints: dict[tuple[str, str], tuple[str, Answer]] = field(default_factory=dict)

    def issue(self, ask: Ask, today: date) -> tuple[Answer, Taken | None]:
        if not 1 <= ask.days <= 30:
            return refused("DAYS_VALID_UNFIT"), None
        if refusal := self.uses.forbidden(ask, today):
            return refusal, None
        free = [number for number in ask.drawn if number not in self.by_number]
        if not free:
            return refused("VOUCHER_NUMBERS_TAKEN"), None
        issue = self.uses.take(ask, today)
        issue.voucher = free[0]
        voucher = ModelVoucher(issue, today + timedelta(days=ask.days))
        self.by_number[free[0]] = voucher
        balance = self.uses.lots.balance(ask.card, today, ask.program)
        until = voucher.last_good_day.isoformat()
        return booked(balance_after=balance, voucher_number=free[0], last_good_day=until), issue

    def cancel(self, ask: Ask, today: date) -> Answer:
        issue = self.uses.taken.get(ask.number)
        if issue is None or issue.caller != ask.caller:
            return refused("TRANSACTION_UNKNOWN")
        if issue.kind != "issue":
            return refused("TRANSACTION_NOT_A_VOUCHER")
        voucher = self.by_number[issue.voucher]
        if voucher.state != "OPEN":
            return refused("VOUCHER_CLOSED")
        if issue.day != today:
            return refused("TRANSACTION_OF_ANOTHER_DAY")
        self.uses.give_back(issue, today)
        voucher.state = "CANCELLED"
        balance = self.uses.lots.balance(issue.card, today, issue.program)
        return booked(points=voucher.points, balance_after=balance)

    def redeem(self, ask: Ask, moment: int) -> Answer:
        if ask.place not in PLACES_OF[ask.caller]:
            return refused("PLACE_NOT_TIED")
        voucher = self.by_number.get(ask.voucher)
        if voucher is None or not voucher.taken_at(ask.place):
            return refused("VOUCHER_UNKNOWN")
        match voucher.state_on(day_of(moment)):
            case "REDEEMED":
                time = f"{time_of(voucher.redeemed_at):%Y-%m-%d %H:%M:%S}"
                return refused("VOUCHER_ALREADY_REDEEMED", place=PLACES[voucher.place], time=time)
            case "LAPSED":
                return refused("VOUCHER_LAPSED", last_good_day=voucher.last_good_day.isoformat())
            case "CANCELLED":
                return refused("VOUCHER_CANCELLED")
        voucher.state, voucher.place, voucher.redeemed_at = "REDEEMED", ask.place, moment
        return booked(points=voucher.points, place=PLACES[ask.place])

    def correct(self, ask: Ask) -> Answer:
        if ask.place not in PLACES:
            return refused("PLACE_UNKNOWN")
        voucher = self.by_number.get(ask.voucher)
        if voucher is None or not voucher.taken_at(ask.place):
            return refused("VOUCHER_UNKNOWN")
        if voucher.state != "REDEEMED":
            return refused("VOUCHER_NOT_REDEEMED")
        if voucher.place == ask.place:
            return refused("PLACE_UNCHANGED")
        voucher.place = ask.place
        return booked(points=voucher.points, place=PLACES[ask.place])

    def reprint(self, ask: Ask) -> Answer:
        """Count a reprint, once for each request ID (VCH-3)."""
        issue = self.uses.taken.get(ask.number)
        if issue is None or issue.caller != ask.caller or issue.kind != "issue":
            return refused("TRANSACTION_UNKNOWN")
        voucher = self.by_number[issue.voucher]
        if voucher.state != "OPEN":
            return refused("VOUCHER_CLOSED")
        if ask.key not in self.reprints:
            voucher.reprints += 1
            answer = booked(voucher_number=issue.voucher, number=voucher.reprints)
            self.reprints[ask.key] = (ask.number, answer)
        return self.reprints[ask.key][1]

    def lapse(self, today: date) -> set[str]:
        """The nightly run: return the numbers of the vouchers that nobody redeemed in time."""
        over = {
            number
            for number, one in self.by_number.items()
            if one.state == "OPEN" and one.last_good_day < today
        }
        for number in over:
            voucher = self.by_number[number]
            voucher.state = "LAPSED"
            self.uses.lots.lapsed[voucher.issue.program] += voucher.points
        return over

    def sums(self) -> Counter[tuple[str, str, str]]:
        """The points outstanding, and redeemed at each place, by program, kind and place."""
        sums: Counter[tuple[str, str, str]] = Counter()
        for one in self.by_number.values():
            if one.state == "OPEN":
                sums[one.issue.program, "OUTSTANDING", ""] += one.points
            elif one.state == "REDEEMED":
                sums[one.issue.program, "REDEEMED", str(one.place)] += one.points
        return sums
