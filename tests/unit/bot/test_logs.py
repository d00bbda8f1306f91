"""Log lines: their shape, what is filtered, and that no secret gets out."""

from __future__ import annotations

import io
import json
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from bot.logs import REDACTED, Redactor, configure

SECRET = 's3cret/with"quotes"+and=signs'


class Lines:
    """What has been logged since `configure`."""

    def __init__(self, level: str = "info", secrets: tuple[str, ...] = (SECRET, "tok3n")) -> None:
        self._stream = io.StringIO()
        configure(level, secrets, self._stream)

    def raw(self) -> str:
        return self._stream.getvalue()

    def read(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.raw().splitlines()]


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()


def test_a_line_has_action_event_level_and_time() -> None:
    lines = Lines()
    structlog.get_logger().warning("The callback was refused.", action="callback_refused", account="service", n=3)
    (line,) = lines.read()
    assert line.pop("ts").endswith("Z")
    assert line == {
        "event": "The callback was refused.",
        "action": "callback_refused",
        "level": "warning",
        "account": "service",
        "n": 3,
    }


def test_a_record_without_an_action_word_gets_one_so_that_every_line_has_the_same_shape() -> None:
    lines = Lines()
    structlog.get_logger().info("token_refreshed")
    structlog.get_logger().info("The token was refreshed.")
    assert [line["action"] for line in lines.read()] == ["token_refreshed", "note"]


def test_what_is_below_the_level_is_not_written() -> None:
    lines = Lines("warning")
    structlog.get_logger().info("Not wanted.", action="chatter")
    logging.getLogger("somewhere").info("not wanted either")
    assert lines.raw() == ""


def test_libraries_speak_through_the_same_lines() -> None:
    lines = Lines()
    logging.getLogger("aiohttp.server").error("Error handling request from %s", "10.0.0.1")
    (line,) = lines.read()
    assert (line["action"], line["level"], line["logger"]) == ("library", "error", "aiohttp.server")
    assert line["event"] == "Error handling request from 10.0.0.1"


def test_a_line_for_each_request_of_a_library_comes_only_when_debugging() -> None:
    lines = Lines("info")
    logging.getLogger("aiohttp.access").info("GET / 200")
    assert lines.raw() == ""
    lines = Lines("debug")
    logging.getLogger("aiohttp.access").info("GET / 200")
    assert [line["event"] for line in lines.read()] == ["GET / 200"]


@pytest.mark.parametrize("library", ["sqlalchemy.engine.Engine", "aiosqlite", "asyncpg"])
def test_a_library_that_would_log_rows_is_silent_even_when_debugging(library: str) -> None:
    lines = Lines("debug")
    logging.getLogger(library).debug("Row ('the customer said')")
    assert lines.raw() == ""


def test_warnings_of_python_become_lines() -> None:
    lines = Lines()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        configure("info", (), lines._stream)
        warnings.warn("old interface", stacklevel=1)
    assert "old interface" in lines.read()[0]["event"]


def test_a_traceback_is_part_of_its_line_without_the_secret_in_it() -> None:
    lines = Lines()
    log = structlog.get_logger()
    try:
        raise ValueError(f"cannot decrypt with {SECRET}")
    except ValueError:
        log.exception("The callback broke.", action="callback_broken")
    (line,) = lines.read()
    assert f"ValueError: cannot decrypt with {REDACTED}" in line["exception"]
    assert "Traceback" in line["exception"]


def test_a_secret_is_taken_out_wherever_it_stands() -> None:
    lines = Lines()
    structlog.get_logger().info(
        f"It is {SECRET}.",
        action="leak",
        plain=SECRET,
        deep={"list": [{"tuple": (SECRET,)}], SECRET: 1},
        error=ValueError(SECRET),
    )
    logging.getLogger("library").error("wrong: %s", SECRET)
    text = lines.raw()
    assert SECRET not in text
    assert json.dumps(SECRET)[1:-1] not in text
    assert text.count(REDACTED) == 6


def test_what_stands_under_a_secret_key_is_taken_out_although_unknown() -> None:
    lines = Lines()
    structlog.get_logger().info(
        "Loaded.", action="load", access_token="abc", settings={"callback_aes_key": "def", "app_id": "wx1"}
    )
    (line,) = lines.read()
    assert line["access_token"] == REDACTED
    assert line["settings"] == {"callback_aes_key": REDACTED, "app_id": "wx1"}


@pytest.mark.parametrize("name", ["access_token", "corpsecret", "secret"])
def test_secret_values_of_an_address_are_taken_out_although_unknown(name: str) -> None:
    lines = Lines()
    address = f"https://api.weixin.qq.com/cgi-bin/token?appid=wx1&{name}=UNKNOWN-1&x=2"
    logging.getLogger("aiohttp.client").error("failed: %s", address)
    assert lines.read()[0]["event"] == f"failed: {address.replace('UNKNOWN-1', REDACTED)}"


def test_the_password_of_a_database_address_is_taken_out() -> None:
    lines = Lines()
    structlog.get_logger().info("Opened.", action="open", url="postgresql+asyncpg://zhike:hunter2@db:5432/zhike")
    assert lines.read()[0]["url"] == f"postgresql+asyncpg://zhike:{REDACTED}@db:5432/zhike"


def test_a_short_secret_does_not_eat_the_words_that_contain_it() -> None:
    redact = Redactor(["tok3n"]).redact
    assert redact("tok3n, atok3nb, token=tok3n") == f"{REDACTED}, atok3nb, token={REDACTED}"


def test_how_many_tokens_is_no_secret() -> None:
    lines = Lines()
    structlog.get_logger().info("Answered.", action="answer", tokens=42)
    assert lines.read()[0]["tokens"] == 42


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(ValueError, match="use debug, info, warning or error"):
        configure("loud", (), io.StringIO())


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.binary(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(before=st.text(max_size=9), after=st.text(max_size=9), around=json_like)
def test_no_record_lets_a_long_secret_through(before: str, after: str, around: object) -> None:
    secret = "a-long-secret-0123456789"
    record = {"event": before + secret + after, "field": [around, {before: (secret, before + secret)}]}
    assert secret not in repr(Redactor([secret])(None, "info", record))
