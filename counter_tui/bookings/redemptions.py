"""Redemptions that wait for the network: on disk, capped, and sent when it is back (VCH-8).

A voucher in here was checked by its signature and taken, but not redeemed: 未確定. One file
for each; one that cannot be read as such is kept and reported.
"""

import json
import re
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from pathlib import Path

from counter_tui.core import files
from counter_tui.core.voucher_code import SignedVoucher

FORMAT = "jichipoint-redemption"
VERSION = 1
FILE_BYTES_MAX = 1 << 16
_NUMBER = re.compile("[0-9]{12}")


class RedemptionError(Exception):
    """The queue cannot be written or read; the voucher must not be taken."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A voucher that was taken without network."""

    request_id: str
    voucher_number: str
    program_id: str
    points: int
    last_good_day: str
    """YYYY-MM-DD."""
    queued_at: str
    """ISO 8601, with an offset."""
    refusal: str = ""
    """Why the server did not redeem it, once it said so: for the operator to see."""
    reason: str = ""


class OverCapError(Exception):
    """The municipality does not let a shop take more without network."""

    def __init__(self, vouchers_max: int, points_max: int) -> None:
        super().__init__(f"at most {vouchers_max} vouchers of {points_max} points together")
        self.vouchers_max = vouchers_max
        self.points_max = points_max


class AlreadyWaitingError(Exception):
    """The same voucher waits already."""


class LapsedError(Exception):
    """The voucher's last good day has passed."""


class TrustOverError(Exception):
    """What the server told of keys and caps is too old to take anything by it."""

    def __init__(self, last_day: date) -> None:
        super().__init__(f"good until {last_day}")
        self.last_day = last_day


@dataclass(frozen=True, slots=True)
class Caps:
    """How much may wait."""

    vouchers_max: int
    points_max: int


class RedemptionQueue:
    """A terminal's folder of vouchers that wait, for one application at a time."""

    def __init__(self, folder: Path) -> None:
        """Open the folder, made where it is missing. Raises RedemptionError."""
        self._folder = folder
        try:
            files.make_folder(folder)
            for part in folder.glob(".*.part"):
                part.unlink()
        except OSError as error:
            raise _plain(folder, error) from error

    def take(
        self, signed: SignedVoucher, request_id: str, caps: Caps, now: datetime, today: date
    ) -> Waiting:
        """Keep a voucher; it is on the disk on return. Only then may it be accepted.

        Raises OverCapError, AlreadyWaitingError, LapsedError, RedemptionError.
        """
        if signed.until < today:
            raise LapsedError
        waiting, damaged = self.read()
        if self._path(signed.voucher_number) in damaged:
            raise RedemptionError(f"{self._path(signed.voucher_number)}: cannot be read")
        if any(one.voucher_number == signed.voucher_number for one in waiting):
            raise AlreadyWaitingError
        unsettled = [one for one in waiting if not one.refusal]
        points = sum(one.points for one in unsettled) + signed.points
        if len(unsettled) >= caps.vouchers_max or points > caps.points_max:
            raise OverCapError(caps.vouchers_max, caps.points_max)
        kept = Waiting(
            request_id,
            signed.voucher_number,
            signed.program_id,
            signed.points,
            signed.until.isoformat(),
            now.isoformat(),
        )
        self._write(kept)
        return kept

    def read(self) -> tuple[list[Waiting], list[Path]]:
        """Return what waits, oldest first, and files that cannot be read. RedemptionError."""
        found: list[Waiting] = []
        damaged: list[Path] = []
        try:
            paths = sorted(path for path in self._folder.iterdir() if path.name[0] != ".")
            for path in paths:
                try:
                    found.append(_parse(path))
                except (ValueError, TypeError, RecursionError):
                    damaged.append(path)
        except OSError as error:
            raise _plain(self._folder, error) from error
        return sorted(found, key=lambda one: (one.queued_at, one.request_id)), damaged

    def refuse(self, waiting: Waiting, reason: str, refusal: str) -> None:
        """Keep what the server said against it, until the operator has seen it."""
        self._write(replace(waiting, reason=reason, refusal=refusal))

    def remove(self, waiting: Waiting) -> None:
        """Forget one that was redeemed, or whose refusal the operator has seen."""
        with suppress(OSError):
            self._path(waiting.voucher_number).unlink(missing_ok=True)
            files.sync_folder(self._folder)

    def _write(self, waiting: Waiting) -> None:
        document = {"format": FORMAT, "version": VERSION, **asdict(waiting)}
        try:
            files.replace(self._path(waiting.voucher_number), json.dumps(document).encode() + b"\n")
        except OSError as error:
            raise _plain(self._folder, error) from error

    def _path(self, voucher_number: str) -> Path:
        return self._folder / f"{voucher_number}.json"


def _plain(folder: Path, error: OSError) -> RedemptionError:
    return RedemptionError(f"{folder}: {error.strerror or error}")


def _parse(path: Path) -> Waiting:
    content = path.read_bytes()[: FILE_BYTES_MAX + 1]
    document = json.loads(content)
    if not isinstance(document, dict):
        raise ValueError("not an object")
    if (document.pop("format", None), document.pop("version", None)) != (FORMAT, VERSION):
        raise ValueError("another format or version")
    waiting = Waiting(**document)
    texts = (waiting.request_id, waiting.program_id, waiting.reason, waiting.refusal)
    if not all(isinstance(text, str) for text in texts) or isinstance(waiting.points, bool):
        raise ValueError("a field of another type")
    if waiting.points < 1:
        raise ValueError("no points")
    if not _NUMBER.fullmatch(waiting.voucher_number) or path.stem != waiting.voucher_number:
        raise ValueError("no voucher number")
    date.fromisoformat(waiting.last_good_day)
    if datetime.fromisoformat(waiting.queued_at).tzinfo is None:
        raise ValueError("a time without an offset")
    return waiting
