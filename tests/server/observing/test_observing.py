"""Logs as JSON, metrics and traces (OPS-2)."""

import json
import logging
import socket
import urllib.request
from collections.abc import Iterator
from concurrent import futures
from datetime import date, datetime, timedelta

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from prometheus_client import CollectorRegistry

from server.observing.logs import begin_logging
from server.observing.meters import Meters, served
from server.observing.traces import Traces
from server.rpc.handled import Handled, all_of
from server.timekeeping.values import HeldBack, Why

SPEND = "jichipoint.v1.PointService.Spend"
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_log_line_is_an_object(capsys: pytest.CaptureFixture[str]) -> None:
    begin_logging("json", "info")
    log = logging.getLogger("server.test")
    log.info("端末 %s", "10000001", extra={"method": "Spend"})
    log.debug("not told")
    try:
        raise ZeroDivisionError("x")
    except ZeroDivisionError:
        log.exception("a fault\nin two lines")
    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert (first["event"], first["level"], first["method"]) == ("端末 10000001", "info", "Spend")
    assert first["timestamp"].endswith("Z")
    assert second["exception"][0]["exc_type"] == "ZeroDivisionError"


def test_a_log_line_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    begin_logging("text", "warning")
    logging.getLogger("x").warning("told")
    logging.getLogger("x").info("not told")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("WARNING told")
    assert datetime.fromisoformat(line.split()[0]).utcoffset() == timedelta(hours=9)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def test_metrics_are_served() -> None:
    registry, port = CollectorRegistry(), free_port()
    meters = Meters(registry)
    meters.handled(Handled(SPEND, "192.0.2.1", seconds=0.003))
    meters.handled(Handled(SPEND, "192.0.2.1", seconds=0.003, result="INSUFFICIENT_POINTS"))
    meters.batched(5, 0.004, 7)
    meters.held_back(HeldBack(Why.APART, date(2026, 7, 1), ""))
    with served(f"127.0.0.1:{port}", registry):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            text = answer.read().decode()
        with pytest.raises(OSError, match="in use"), served(f"127.0.0.1:{port}", registry):
            raise AssertionError("the port is taken")
    lines = text.splitlines()
    assert 'jichipoint_calls_total{method="PointService/Spend",result="OK"} 1.0' in lines
    refusal = 'jichipoint_calls_total{method="PointService/Spend",result="INSUFFICIENT_POINTS"} 1.0'
    assert refusal in lines
    assert 'jichipoint_call_seconds_bucket{le="0.005",method="PointService/Spend"} 2.0' in lines
    assert 'jichipoint_batch_commands_bucket{le="8.0"} 1.0' in lines
    assert "jichipoint_queue_commands 7.0" in lines
    assert 'jichipoint_day_held_back{why="APART"} 1.0' in lines
    assert 'jichipoint_day_held_back{why="AHEAD"} 0.0' in lines


class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    def __init__(self) -> None:
        self.taken: list[trace_service_pb2.ExportTraceServiceRequest] = []

    def Export(self, request, context):  # type: ignore[no-untyped-def]  # noqa: N802
        self.taken.append(request)
        return trace_service_pb2.ExportTraceServiceResponse()


def test_a_call_is_a_span_in_its_caller_s_trace() -> None:
    collector = Collector()
    server = grpc.server(futures.ThreadPoolExecutor(1))
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(  # type: ignore[no-untyped-call]
        collector, server
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        traces = Traces(f"http://127.0.0.1:{port}")
        traces.handled(
            Handled(SPEND, "192.0.2.1", f"00-{TRACE}-{SPAN}-01", seconds=0.5, result="QUEUE_FULL")
        )
        traces.handled(Handled(SPEND, "192.0.2.1", "not a trace"))
        traces.close()
    finally:
        server.stop(None)
    first, second = (
        span
        for request in collector.taken
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    )
    assert (first.trace_id.hex(), first.parent_span_id.hex()) == (TRACE, SPAN)
    assert (first.name, first.status.message) == (SPEND, "QUEUE_FULL")
    assert first.end_time_unix_nano - first.start_time_unix_nano == 500_000_000
    assert not second.parent_span_id


def test_a_watcher_with_a_fault_keeps_nothing_from_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    told: list[Handled] = []

    def broken(_: Handled) -> None:
        raise ZeroDivisionError

    all_of((broken, told.append))(Handled(SPEND, ""))
    assert len(told) == 1
    assert "cannot be told of" in caplog.text
