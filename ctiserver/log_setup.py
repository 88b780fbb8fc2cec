"""Logs: one line an event with its ids, without callers' names and numbers above DEBUG, and nothing a stranger can forge."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import structlog
from aiohttp.http_exceptions import HttpProcessingError
from structlog.typing import EventDict, Processor, WrappedLogger

from ctiserver.terminal_text import one_line

# Six digits and more in a row, as written: with separators, with or without a plus.
_NUMBER = re.compile(r"(?<![\w.-])(?!\d{4}-\d\d-\d\d\b)\+?\d(?:[ ()/-]?\d){5,14}(?![\w-]|\.\d)")
_NUMBER_KEYS = frozenset({"number", "raw", "caller", "caller_number", "remote", "dialled", "display"})
_NAME_KEYS = frozenset({"caller_name", "customer_name", "remote_name", "display_name", "connected_name"})
_SECRET_KEYS = frozenset({"secret", "password", "token", "authorization", "cookie", "csrf"})
#: Keys whose values are ours and look like numbers.
_OWN_KEYS = frozenset(
    {"timestamp", "level", "logger", "call_id", "uniqueid", "linkedid", "pop_id", "customer_id", "task_id", "port"}
)


def set_up_logs(*, level: str = "INFO", json_lines: bool | None = None, stream: TextIO | None = None) -> None:
    """Log to `stream` (stderr): JSON lines, or coloured text on a terminal. Also takes in what libraries log."""
    out = stream or sys.stderr
    as_json = not out.isatty() if json_lines is None else json_lines
    chain: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info if as_json else _keep,
        mask_private,
    ]
    structlog.configure(
        # What nobody reads is not made: the line of each call costs 60 µs.
        processors=[structlog.stdlib.filter_by_level, *chain, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if as_json
        else structlog.dev.ConsoleRenderer(colors=out.isatty())
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer], foreign_pre_chain=chain
        )
    )
    logging.getLogger("aiohttp.server").addFilter(without_broken_requests)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    _quiet_libraries()


def mask_private(_logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Mask numbers, drop names, hide secrets; every text on one line without escape sequences."""
    open_book = method == "debug" or event.get("level") == "debug"
    return {key: _masked(key, value, open_book=open_book) for key, value in event.items()}


def masked_number(text: str) -> str:
    """`+420777123456` as `+42077***3456`."""
    digits = [ch for ch in text if ch.isdigit()]
    if len(digits) < 6:
        return "***"
    kept = max(0, min(5, len(digits) - 6))
    return ("+" if text.lstrip().startswith("+") else "") + "".join(digits[:kept]) + "***" + "".join(digits[-4:])


def _masked(key: str, value: Any, *, open_book: bool) -> Any:
    if key.startswith("_"):  # structlog's own record and flag
        return value
    if key.lower() in _SECRET_KEYS:
        return "***"
    if isinstance(value, Mapping):
        return {str(inner): _masked(str(inner), item, open_book=open_book) for inner, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked(key, item, open_book=open_book) for item in value]
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, int) and not isinstance(value, bool) and key in _NUMBER_KEYS:
        value = str(value)
    if not isinstance(value, str):
        return value
    text = "\n".join(one_line(line) for line in value.split("\n")) if key == "exception" else one_line(value)
    return text if open_book or key in _OWN_KEYS else _without_people(key, text)


def _without_people(key: str, text: str) -> str:
    if key in _NAME_KEYS:
        return "***"
    if key in _NUMBER_KEYS:
        return masked_number(text)
    return _NUMBER.sub(lambda found: masked_number(found[0]), text)


def without_broken_requests(record: logging.LogRecord) -> bool:
    """What is no HTTP is one quiet line: its bytes may hold a password or a cookie, and strangers can send any number of it."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, HttpProcessingError):
        record.msg, record.args, record.exc_info = "a request that is no HTTP was refused", (), None
        record.levelno, record.levelname = logging.INFO, "INFO"
    return True


def _keep(_logger: WrappedLogger, _method: str, event: EventDict) -> MutableMapping[str, Any]:
    return event


def _quiet_libraries() -> None:
    # panoramisk logs every message it reads or cannot match at INFO, numbers included (D22).
    for name in ("panoramisk", "asyncio", "aiosqlite", "websockets", "alembic", "aiohttp.access"):
        logging.getLogger(name).setLevel(logging.WARNING)
