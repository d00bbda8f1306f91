"""The ledger of customer-service messages: 5 a message in 48 hours, 3 a tap in a minute."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sandbox.quota import MESSAGE, TAP, QuotaLedger, Verdict, Window

_HOURS = 3600.0
_windows = st.builds(Window, messages=st.integers(0, 10), until=st.floats(0, 1e6))
_grants = st.sampled_from([MESSAGE, TAP])
_steps = st.lists(st.tuples(st.sampled_from(["message", "tap", "send", "send"]), st.floats(0, 200_000)), max_size=60)


def _take(ledger: QuotaLedger, count: int, now: float) -> list[Verdict]:
    return [ledger.take("o1", now=now) for _ in range(count)]


def test_somebody_who_never_acted_cannot_be_written_to() -> None:
    assert QuotaLedger().take("o1", now=0) is Verdict.CLOSED


@pytest.mark.parametrize(("grant", "messages"), [(MESSAGE, 5), (TAP, 3)])
def test_a_trigger_allows_its_messages_and_not_one_more(grant: object, messages: int) -> None:
    ledger = QuotaLedger()
    ledger.trigger("o1", MESSAGE if grant is MESSAGE else TAP, now=100)
    assert _take(ledger, messages + 1, 100) == [Verdict.SENT] * messages + [Verdict.EXHAUSTED]


def test_the_window_of_a_message_closes_after_48_hours() -> None:
    ledger = QuotaLedger()
    ledger.trigger("o1", MESSAGE, now=0)
    assert ledger.take("o1", now=48 * _HOURS - 1) is Verdict.SENT
    assert ledger.take("o1", now=48 * _HOURS) is Verdict.CLOSED


def test_the_window_of_a_tap_closes_after_a_minute() -> None:
    ledger = QuotaLedger()
    ledger.trigger("o1", TAP, now=0)
    assert ledger.take("o1", now=59.9) is Verdict.SENT
    assert ledger.take("o1", now=60) is Verdict.CLOSED


def test_a_tap_does_not_add_to_what_a_message_left() -> None:
    ledger = QuotaLedger()
    ledger.trigger("o1", MESSAGE, now=0)
    _take(ledger, 1, 1)
    ledger.trigger("o1", TAP, now=2)
    assert ledger.window("o1") == Window(messages=4, until=48 * _HOURS)


def test_a_tap_refreshes_a_used_up_message_window_until_the_later_end() -> None:
    ledger = QuotaLedger()
    ledger.trigger("o1", MESSAGE, now=0)
    _take(ledger, 5, 1)
    ledger.trigger("o1", TAP, now=2)
    assert ledger.window("o1") == Window(messages=3, until=48 * _HOURS)


def test_quotas_add_up_when_the_rule_says_so() -> None:
    ledger = QuotaLedger(adds_up=True)
    ledger.trigger("o1", MESSAGE, now=0)
    ledger.trigger("o1", TAP, now=1)
    assert ledger.window("o1").messages == 8


def test_unfollowing_closes_the_window() -> None:
    ledger = QuotaLedger()
    ledger.trigger("o1", MESSAGE, now=0)
    ledger.close("o1")
    assert ledger.take("o1", now=1) is Verdict.CLOSED


def test_people_have_windows_of_their_own() -> None:
    ledger = QuotaLedger()
    ledger.trigger("o1", MESSAGE, now=0)
    assert ledger.take("o2", now=1) is Verdict.CLOSED


@given(_windows, _grants, st.floats(0, 1e6))
def test_a_trigger_never_takes_anything_away(window: Window, grant: object, now: float) -> None:
    chosen = MESSAGE if grant is MESSAGE else TAP
    after = window.granted(chosen, now)
    assert after.left(now) == max(window.left(now), chosen.messages)
    assert after.until == max(window.until, now + chosen.seconds)


@given(_steps)
def test_no_more_is_sent_than_the_triggers_granted(steps: list[tuple[str, float]]) -> None:
    ledger, now, granted, sent, since_trigger = QuotaLedger(), 0.0, 0, 0, 0
    for what, passed in steps:
        now += passed
        if what == "send":
            sent_now = ledger.take("o1", now=now) is Verdict.SENT
            sent += sent_now
            since_trigger += sent_now
        else:
            grant = MESSAGE if what == "message" else TAP
            ledger.trigger("o1", grant, now=now)
            granted += grant.messages
            since_trigger = 0
        assert since_trigger <= MESSAGE.messages
        assert sent <= granted
