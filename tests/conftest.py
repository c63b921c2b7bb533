"""What holds for every test: a plain environment, Hypothesis profiles, no silent skips."""

import gc
import os
import signal
from collections.abc import Callable, Generator, Iterator

import pytest
from hypothesis import HealthCheck, settings

import tests.lean_textual  # noqa: F401  (for what it does)
from tests import needs, sizes
from tests.engines import TestEngine, engines

for name in ("NO_COLOR", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"):
    os.environ.pop(name, None)
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as of what a shell runs in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"
"""gRPC's fork handlers end, now and then, the processes that tests start beside their clients."""

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


def pytest_collection_finish() -> None:
    """Look for garbage less often, and never in what was collected, which lives to the end."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


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
