"""Log lines: for people, or a JSON object each for programs (OPS-2)."""

import logging
import sys

from server.clock import for_machines

TEXT_FORM = "%(asctime)s %(process)d %(levelname)s %(message)s"


def begin_logging(form: str, level: str) -> None:
    """Log to standard error from now on, in the form `text` or `json`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_json_formatter() if form == "json" else _TextFormatter(TEXT_FORM))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.getLogger("psycopg").setLevel(logging.ERROR)  # it warns of what it raises, too


class _TextFormatter(logging.Formatter):
    """Tells Japan's time, with its offset, whatever the machine's zone is."""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002, N802
        return for_machines(round(record.created * 1_000_000), timespec="milliseconds")


def _json_formatter() -> logging.Formatter:
    import structlog  # noqa: PLC0415 -- a tenth of a second, for servers that want it

    before = (
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.CallsiteParameterAdder(
            {structlog.processors.CallsiteParameter.PROCESS}
        ),
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=before,
        processors=(
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.dict_tracebacks,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ),
    )
