"""Vouchers that wait for the network: on disk, and not too many (VCH-8)."""

import errno
import os
import signal
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from counter_tui.bookings.redemptions import (
    AlreadyWaitingError,
    Caps,
    LapsedError,
    OverCapError,
    RedemptionError,
    RedemptionQueue,
    Waiting,
)
from counter_tui.core import files
from counter_tui.core.voucher_code import SignedVoucher

NOW = datetime(2017, 4, 10, 3, tzinfo=UTC)
TODAY = date(2017, 4, 10)
CAPS = Caps(2, 1000)


def signed(number: int, points: int = 500, until: date = TODAY) -> SignedVoucher:
    return SignedVoucher(f"{number:012}", "00000001", points, date(2017, 4, 1), until, 1)


def take(queue: RedemptionQueue, voucher: SignedVoucher, minutes: int = 0) -> Waiting:
    now = NOW + timedelta(minutes=minutes)
    return queue.take(voucher, f"request-{voucher.voucher_number}", CAPS, now, TODAY)


def test_what_waits_survives_and_keeps_its_order(tmp_path: Path) -> None:
    queue = RedemptionQueue(tmp_path / "queue")
    taken = [take(queue, signed(2), 0), take(queue, signed(1), 1)]
    assert RedemptionQueue(tmp_path / "queue").read() == (taken, [])


def test_not_more_than_the_municipality_lets(tmp_path: Path) -> None:
    queue = RedemptionQueue(tmp_path)
    take(queue, signed(1, 600))
    with pytest.raises(OverCapError):
        take(queue, signed(2, 401))
    take(queue, signed(3, 400))
    with pytest.raises(OverCapError):
        take(queue, signed(4, 0 + 1))
    assert len(queue.read()[0]) == 2


def test_not_twice_and_not_after_its_last_day(tmp_path: Path) -> None:
    queue = RedemptionQueue(tmp_path)
    take(queue, signed(1))
    with pytest.raises(AlreadyWaitingError):
        take(queue, signed(1))
    with pytest.raises(LapsedError):
        take(queue, signed(2, until=TODAY - timedelta(days=1)))


def test_a_refusal_stays_until_it_is_seen_and_leaves_room(tmp_path: Path) -> None:
    queue = RedemptionQueue(tmp_path)
    first = take(queue, signed(1, 1000))
    queue.refuse(first, "VOUCHER_ALREADY_REDEEMED", "消込済み")
    take(queue, signed(2, 1000))
    (refused, _waiting), _damaged = queue.read()
    assert (refused.reason, refused.refusal) == ("VOUCHER_ALREADY_REDEEMED", "消込済み")
    queue.remove(refused)
    assert len(queue.read()[0]) == 1


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"\xff", b'{"format": "x"}'])
def test_a_file_that_cannot_be_read_is_kept_and_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "000000000009.json"
    path.write_bytes(content)
    assert RedemptionQueue(tmp_path).read() == ([], [path])
    assert path.read_bytes() == content


@pytest.mark.parametrize("step", ["write_new", "sync_folder"])
def test_a_full_disk_takes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    queue = RedemptionQueue(tmp_path)
    take(queue, signed(1))

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(files, step, full)
        with pytest.raises(RedemptionError, match="No space left"):
            take(queue, signed(2))
    assert [one.voucher_number for one in queue.read()[0]] == ["000000000001"]
    take(queue, signed(2))


@pytest.mark.parametrize("step", ["write_all", "rename"])
def test_killed_in_the_middle_there_is_no_half_voucher(tmp_path: Path, step: str) -> None:
    """Killed before it is accepted: it waits whole, or not at all."""
    child = os.fork()
    if child == 0:

        def killed(*_: object) -> None:
            os.kill(os.getpid(), signal.SIGKILL)

        if step == "rename":
            os.rename = killed  # type: ignore[assignment]
        else:
            files.write_all = killed  # type: ignore[assignment]
        take(RedemptionQueue(tmp_path), signed(1))
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    queue = RedemptionQueue(tmp_path)
    assert queue.read() == ([], [])
    assert [path.name for path in tmp_path.iterdir()] == []
    take(queue, signed(1))


def test_a_record_that_cannot_be_read_is_not_written_over(tmp_path: Path) -> None:
    queue = RedemptionQueue(tmp_path)
    (tmp_path / "000000000001.json").write_text("{")
    with pytest.raises(RedemptionError, match="cannot be read"):
        take(queue, signed(1))
    assert (tmp_path / "000000000001.json").read_text() == "{"
