from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.counter_tui.printers.tcp_printer import TcpPrinter


@pytest.fixture
def tcp_printer() -> Iterator[Callable[..., TcpPrinter]]:
    made: list[TcpPrinter] = []

    def make(answers: dict[int, int], **named: Any) -> TcpPrinter:
        made.append(TcpPrinter(answers, **named))
        return made[-1]

    yield make
    for printer in made:
        try:
            printer.switch_off()
        except OSError:
            continue  # the test did
