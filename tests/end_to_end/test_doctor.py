"""The doctor's view of a real server."""

from counter_tui import texts
from counter_tui.calls.server import Calls
from counter_tui.doctor.checks import Verdict, check_server_and_clock
from tests.end_to_end.support import Place, SettableClock, serving


async def test_the_servers_clock_is_asked(place: Place, clock: SettableClock) -> None:
    texts.use("ja")
    async with serving(place, clock) as address:
        calls = Calls(address)
        reached, compared = await check_server_and_clock(calls.terminals, address)
        await calls.close()
    assert reached.verdict == Verdict.GOOD
    assert compared.verdict == Verdict.BAD, "the town's clock stands on another day"
