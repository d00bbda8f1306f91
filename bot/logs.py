"""How the process logs: one JSON object a line, with an `action` word, an `event` sentence, `level` and `ts` (UTC).

    log = structlog.get_logger()
    log.info("The callback was refused.", action="callback_refused", account="service", reason="signature")

On a hot path, bind once (`self._log = log.bind(account=name)`): a call that the level filters out then costs a quarter
of a microsecond instead of five.

Libraries that use the standard `logging` module go through the same processors. Secrets are taken out twice: by the
name of the key they stand under, and by their value wherever in the record it stands, tracebacks included.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping, MutableMapping
from functools import lru_cache
from typing import Any, Final, TextIO

import structlog
from structlog.typing import Processor

REDACTED: Final = "***"
#: Libraries that write a line for every request or statement; below a warning they speak only when we debug.
_TALKATIVE: Final = ("aiohttp.access", "apscheduler", "alembic", "asyncio")
#: Libraries whose debugging lines carry statements, parameters and rows: people's words and our tokens. Never below a
#: warning.
_INDISCREET: Final = ("sqlalchemy", "aiosqlite", "asyncpg")
_SECRET_KEY: Final = re.compile(
    r"(^|_)(secret|token|aes_?key|password|passwd|authorization|ticket|api_?key|credentials?|corpsecret|appsecret)$",
    re.IGNORECASE,
)
_SECRET_IN_QUERY: Final = re.compile(
    r"\b((?:access_token|secret|corpsecret|appsecret|ticket|key|response_code|code)=)[^&\s\"'<>)\]}]+", re.IGNORECASE
)
_PASSWORD_IN_URL: Final = re.compile(r"(\w://[^\s:/@]*:)[^\s@/]+@")
_BARE_WORD: Final = re.compile(r"[a-z0-9_]+\Z")
#: A shorter secret may be an ordinary word's part: it is replaced only where it stands alone.
_LONG_ENOUGH: Final = 8


class Redactor:
    """A processor that takes secrets out of a record, whatever the depth they stand at."""

    def __init__(self, secrets: Iterable[str]) -> None:
        known = sorted({secret for secret in secrets if secret}, key=len, reverse=True)
        self._known = re.compile("|".join(map(_pattern, known))) if known else None

    def __call__(self, logger: Any, method: str, record: MutableMapping[str, Any]) -> Mapping[str, Any]:
        return {key: self._field(key, value) for key, value in record.items()}

    def redact(self, text: str) -> str:
        """Return `text` without known secrets, secret query values and passwords in URLs."""
        if self._known is not None:
            text = self._known.sub(REDACTED, text)
        if "=" in text:
            text = _SECRET_IN_QUERY.sub(rf"\1{REDACTED}", text)
        if "://" in text:
            text = _PASSWORD_IN_URL.sub(rf"\1{REDACTED}@", text)
        return text

    def _field(self, key: Any, value: Any) -> Any:
        if value and _is_secret_key(key):
            return REDACTED
        return self._value(value)

    def _value(self, value: Any) -> Any:
        match value:
            case None | bool() | int() | float():
                return value
            case str():
                return self.redact(value)
            case Mapping():
                return {self.redact(str(key)): self._field(key, item) for key, item in value.items()}
            case list() | tuple() | set() | frozenset():
                return [self._value(item) for item in value]
            case _:
                return self.redact(str(value))


def configure(level: str, secrets: Iterable[str], stream: TextIO) -> None:
    """Log from `level` ("debug", "info", "warning", "error") upwards to `stream`, without any of `secrets`.

    May be called again; the last call counts. Raises ValueError on an unknown level.
    """
    number = logging.getLevelNamesMapping().get(level.upper())
    if number is None:
        raise ValueError(f"unknown log level {level!r}: use debug, info, warning or error")
    finish: list[Processor] = [
        structlog.processors.format_exc_info,
        Redactor(secrets),
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ]
    common: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
    ]
    structlog.configure(
        processors=[*common, _named, *finish],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=stream),
        # Not cached on first use: a second `configure` must reach loggers that have spoken already.
        cache_logger_on_first_use=False,
    )
    _route_libraries(number, common, finish, stream)


def _route_libraries(level: int, common: list[Processor], finish: list[Processor], stream: TextIO) -> None:
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*common, structlog.stdlib.add_logger_name, _from_library],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *finish],
        )
    )
    logging.captureWarnings(True)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in _INDISCREET:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(level if level <= logging.DEBUG else max(level, logging.WARNING))


def _named(logger: Any, method: str, record: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Give a record that came without an action word one: its event when that is a bare word, otherwise the neutral."""
    if "action" not in record:
        event = record.get("event")
        record["action"] = event if isinstance(event, str) and _BARE_WORD.match(event) else "note"
    return record


def _from_library(logger: Any, method: str, record: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    record.setdefault("action", "library")
    return record


@lru_cache(maxsize=1024)
def _is_secret_key(key: object) -> bool:
    return isinstance(key, str) and _SECRET_KEY.search(key) is not None


def _pattern(secret: str) -> str:
    escaped = re.escape(secret)
    return escaped if len(secret) >= _LONG_ENOUGH else rf"(?<![A-Za-z0-9_]){escaped}(?![A-Za-z0-9_])"
