"""What holds for every test: a plain environment, Hypothesis profiles, no silent skips."""

import os
import signal
from collections.abc import Callable, Generator, Iterable, Iterator

import pytest
from hypothesis import HealthCheck, settings
from rich.console import RenderableType
from textual import _wait
from textual._compositor import Compositor
from textual.app import App
from textual.screen import Screen

from tests import needs, sizes
from tests.engines import TestEngine, engines
from tests.patient_hand import rest

for name in ("NO_COLOR", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"):
    os.environ.pop(name, None)
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as of what a shell runs in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)
os.environ["TEXTUAL_ANIMATIONS"] = "none"
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"
"""gRPC's fork handlers end, now and then, the processes that tests start beside their clients."""

# Textual's pilot looks twice after each key whether the program is idle, 20 ms each.
_wait.SLEEP_GRANULARITY = 0.004
_wait.SLEEP_IDLE = 0.001

_shut_down = App._shutdown


async def _end_workers_then_shut_down(app: App[object]) -> None:
    """Do as Textual does where no pilot drives: workers meet no screen that is going."""
    app.workers.cancel_all()
    await _shut_down(app)


App._shutdown = _end_workers_then_shut_down  # type: ignore[assignment,method-assign]

_render_update = Compositor.render_update


def _render_what_is_seen(
    compositor: Compositor,
    full: bool = False,
    screen_stack: list[Screen[object]] | None = None,
    simplify: bool = False,
) -> RenderableType | None:
    """Draw where something is done with it: without a terminal Textual throws updates away.

    Pictures are drawn whole, and what tests read is drawn when they do. Of boxes Textual keeps
    what it drew behind them, so they are drawn as ever.
    """
    if full or screen_stack:
        return _render_update(compositor, full, screen_stack, simplify)
    compositor._dirty_regions.clear()
    return None


Compositor.render_update = _render_what_is_seen  # type: ignore[assignment,method-assign]

_press_keys = App._press_keys


async def _press_patiently(app: App[object], keys: Iterable[str]) -> None:
    """Press one key after the other as a person does who looks at the screen in between."""
    for key in keys:
        await rest(app)
        await _press_keys(app, [key])
        await rest(app)


App._press_keys = _press_patiently  # type: ignore[assignment,method-assign]

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile(
    "ci", max_examples=60, deadline=None, print_blob=True, suppress_health_check=SLOW
)
settings.register_profile("deep", settings.get_profile("ci"), max_examples=2000)
settings.load_profile(sizes.PROFILE)


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Make a skip a failure in CI: what is not tested there is tested nowhere.

    An expected failure is reported as skipped too, and stays one.
    """
    if os.environ.get("CI") != "true" or not report.skipped or hasattr(report, "wasxfail"):
        return
    report.outcome = "failed"
    report.longrepr = f"skipped in CI: {report.longrepr}"


needs.begin_to_watch()


def _refuse_unmarked(report: pytest.TestReport) -> None:
    """Let a test fail that uses what its markers do not say."""
    if report.passed and report.when == "call" and needs.WATCH.unmarked:
        report.outcome = "failed"
        unmarked = ", ".join(f"{need} {what}" for need, what in needs.WATCH.unmarked.items())
        report.longrepr = f"it uses, and is not marked with: {unmarked} (tests/needs.py)"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    needs.mark(items)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    needs.WATCH.begin(item)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown() -> None:
    """What was made for many tests ends with the last of them, which need not have used it."""
    needs.WATCH.end()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _refuse_skip(report)
    _refuse_unmarked(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _refuse_skip(report)
    return report


@pytest.fixture(scope="session")
def find_engine() -> Iterator[Callable[[str], TestEngine]]:
    """Gives the engine of a name."""
    with engines() as find:
        yield find
