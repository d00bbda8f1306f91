"""What an operator reads in logs, metrics and rows is explained in the runbook."""

from __future__ import annotations

import ast
import inspect
import re
from datetime import UTC, datetime, timedelta
from random import Random

from handlers.delivery import errors
from handlers.delivery.decision import Reason
from handlers.delivery.errors import ChannelError, RetryLater
from handlers.delivery.retry import Cause, RetryPolicy
from storage.tables.work import ReplyState
from tests.docs.pages import called, calls, code_words, read, sources, words_in

PAGE = read("docs/runbook.md")
WORDS = code_words(PAGE)
_LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
_METERS = {"Counter", "Gauge", "Histogram", "Summary", "Info", "Enum"}
_BARE_WORD = re.compile(r"[a-z0-9_]+\Z")


def _logged_words() -> set[str]:
    """Return every action word of the product; the sandbox is a tool and logs for itself."""
    found: set[str] = set()
    for path in sources():
        if "sandbox" in path.parts:
            continue
        for call in calls(path):
            if called(call) not in _LEVELS:
                continue
            actions = [keyword.value for keyword in call.keywords if keyword.arg == "action"]
            if actions:
                found |= words_in(actions[0])
            elif call.args and isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str):
                # A line without an action word takes its event, when that is a bare word (bot.logs).
                found |= {call.args[0].value} if _BARE_WORD.match(call.args[0].value) else set()
    return found


def _metrics() -> dict[str, str]:
    """Return the name of every meter and its kind."""
    return {
        call.args[0].value: called(call)
        for path in sources("bot", "handlers")
        for call in calls(path)
        if called(call) in _METERS
        and call.args
        and isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, str)
    }


def _refusals() -> set[str]:
    """Return every reason with which a callback is refused."""
    return {
        word
        for path in sources("bot")
        for call in calls(path)
        if called(call) == "BadCallback" and call.args
        for word in words_in(call.args[0])
    }


def _error_classes() -> set[str]:
    return {
        name
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, ChannelError) and value.__module__ == errors.__name__
    }


def _log_table() -> set[str]:
    section = PAGE.partition("## Log lines")[2].partition("\n## ")[0]
    return set(re.findall(r"^\| `([a-z0-9_]+)`", section, re.MULTILINE))


def test_every_action_word_is_explained() -> None:
    logged = _logged_words()
    assert "callback_refused" in logged
    assert logged - _log_table() == set()


def test_no_action_word_is_explained_that_nobody_logs() -> None:
    # The last two are given by bot.logs to lines that come without one.
    assert _log_table() - _logged_words() - {"library", "note"} == set()


def test_every_metric_is_explained() -> None:
    metrics = _metrics()
    shown = {f"{name}_total" if kind == "Counter" else name for name, kind in metrics.items()}
    assert "zhike_callbacks_total" in shown
    assert shown - WORDS == set()


def test_no_metric_is_explained_that_does_not_exist() -> None:
    known = {f"{name}_total" if kind == "Counter" else name for name, kind in _metrics().items()}
    assert {word for word in WORDS if word.startswith("zhike_")} - known == set()


def test_every_reason_to_refuse_a_callback_is_explained() -> None:
    refusals = _refusals()
    assert "wrong_receiver" in refusals
    assert refusals - WORDS == set()


def test_every_reason_to_refuse_a_message_is_explained() -> None:
    assert {str(reason) for reason in (*Reason, *Cause)} - WORDS == set()


def test_every_error_class_is_explained() -> None:
    classes = _error_classes()
    assert "OutcomeUnknown" in classes
    assert classes - WORDS == set()


def test_the_runbook_says_how_often_and_how_long_a_busy_platform_is_asked_again() -> None:
    policy = RetryPolicy(rng=Random(1))
    now = start = datetime(2026, 5, 1, tzinfo=UTC)
    attempts = 1
    while (at := policy.decide(RetryLater("busy"), attempt=attempts, now=now).at) is not None:
        attempts, longest, now = attempts + 1, at - now, at
    section = PAGE.partition("## A platform is busy or away")[2].partition("\n## ")[0]
    assert f"at most {attempts} attempts, about half an hour" in " ".join(section.split())
    assert f"{longest.total_seconds() // 100 * 100:.0f} s at the longest" in section
    assert timedelta(minutes=25) < now - start < timedelta(minutes=35)
    assert PAGE.count(f"`failed` after {attempts} attempts") == 2


def test_what_waits_for_the_database_is_named_where_the_database_is_down() -> None:
    section = PAGE.partition("## The database is down")[2].partition("\n## ")[0]
    waiting = {word for word in _logged_words() if word.endswith("_waits")}
    assert {"sender_waits", "tick_waits"} <= waiting
    assert waiting | {"callback_not_recorded"} <= code_words(section)


def test_the_end_states_that_need_a_person_are_explained() -> None:
    assert {ReplyState.UNKNOWN.value, ReplyState.LOST.value} - WORDS == set()
