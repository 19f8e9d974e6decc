"""The format of log lines: one JSON object in production, plain text in the demonstration, with the request's id in both.

Modules log with the standard library's `logging`, and never pass an address, a codice fiscale, an id or a code. Tracebacks can
hold such values, so this module masks them.
"""

import re
from collections.abc import MutableMapping
from typing import Any

import structlog

from portal.secrets.masking import mask_codici_fiscali_in, mask_secrets_in, without_row
from portal.web import request_id

TEXT, JSON = "text", "json"
# The only extra fields of a line: Django adds the whole request to some of its lines.
EXTRAS = ("page", "method", "status", "milliseconds")
# The addresses of a calendar and of a semaforo and the way out of copies are secrets, and Django logs paths.
_SECRET_PATH = re.compile(r"(/+(?:calendario|copie|semaforo)/+)[^/\s]+|(?<=/)[\w%.~-]{24,}(?=/|\s|$)", re.IGNORECASE)
_Line = MutableMapping[str, Any]


def _number(logger: Any, method: str, line: _Line) -> _Line:
    """Adds the id of the request or the task to the line."""
    if number := request_id.current.get():
        line["request_id"] = number
    return line


def _clean_traceback(logger: Any, method: str, line: _Line) -> _Line:
    if "exception" in line:
        line["exception"] = mask_codici_fiscali_in(mask_secrets_in(without_row(str(line["exception"]))))
    return line


def _hide_secret_path(logger: Any, method: str, line: _Line) -> _Line:
    line["event"] = _SECRET_PATH.sub(r"\1…", str(line["event"]))
    return line


def _text(logger: Any, method: str, line: _Line) -> str:
    """`10:42:03 WARNING portal.outbox.sending.delivery Letter … [3f2a…] key=value`"""
    number, trace = line.pop("request_id", ""), line.pop("exception", "")
    words = [line.pop("timestamp"), line.pop("level").upper(), line.pop("logger", ""), str(line.pop("event"))]
    more = [f"{name}={value}" for name, value in line.items() if not name.startswith("_")]
    return " ".join([*words, *more, *([f"[{number}]"] if number else [])]) + (f"\n{trace}" if trace else "")


def configuration(form: str) -> dict[str, Any]:
    """The value of settings.LOGGING. `form` is TEXT or JSON."""
    added = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(allow=EXTRAS),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _number,
    ]
    last = structlog.processors.JSONRenderer(ensure_ascii=False) if form == JSON else _text
    apps = ("portal", "pharmacies", "sessions")
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": added,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.format_exc_info,
                    _clean_traceback,
                    _hide_secret_path,
                    last,
                ],
            }
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["console"], "level": "WARNING"},
        "loggers": {
            **{name: {"level": "INFO"} for name in apps},
            "gunicorn.error": {"level": "INFO", "handlers": ["console"], "propagate": False},
        },
    }
