"""What becomes of a message after an attempt."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.delivery.errors import (
    AccountBlocked,
    ChannelError,
    Misconfigured,
    OutcomeUnknown,
    QuotaExhausted,
    Rejected,
    RetryLater,
    TokenRefused,
    Unreachable,
    WindowClosed,
)
from handlers.delivery.retry import Cause, Decision, RetryPolicy
from storage.records import DeliveryState

NOW = datetime(2026, 5, 1, 9, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
ATTEMPTS = 4


def policy(seed: int = 1) -> RetryPolicy:
    return RetryPolicy(rng=Random(seed), max_attempts=ATTEMPTS, first_seconds=1.0, longest_seconds=60.0)


def test_no_error_means_sent() -> None:
    assert policy().decide(None, attempt=1, now=NOW) == Decision(state=DeliveryState.SENT)


@pytest.mark.parametrize(
    ("error", "state", "cause"),
    [
        (RetryLater("busy"), DeliveryState.RETRY, Cause.BUSY),
        (TokenRefused("40001"), DeliveryState.RETRY, Cause.TOKEN_REFUSED),
        (QuotaExhausted("45009", until=NOW + HOUR), DeliveryState.RETRY, Cause.QUOTA_EXHAUSTED),
        (QuotaExhausted("45047"), DeliveryState.REFUSED, Cause.QUOTA_EXHAUSTED),
        (WindowClosed("45015"), DeliveryState.REFUSED, Cause.WINDOW_CLOSED),
        (Unreachable("43019"), DeliveryState.REFUSED, Cause.UNREACHABLE),
        (Rejected("45002"), DeliveryState.FAILED, Cause.REJECTED),
        (Misconfigured("48008"), DeliveryState.FAILED, Cause.MISCONFIGURED),
        (AccountBlocked("40164"), DeliveryState.RETRY, Cause.MISCONFIGURED),
        (OutcomeUnknown("reset"), DeliveryState.UNKNOWN, Cause.OUTCOME_UNKNOWN),
        (ChannelError("new kind"), DeliveryState.UNKNOWN, Cause.UNEXPECTED),
        (KeyError("ours"), DeliveryState.UNKNOWN, Cause.UNEXPECTED),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_the_class_of_the_error_decides(error: Exception, state: DeliveryState, cause: Cause) -> None:
    decision = policy().decide(error, attempt=1, now=NOW)
    assert (decision.state, decision.reason) == (state, cause)


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (RetryLater("busy"), DeliveryState.FAILED),
        (TokenRefused("40001"), DeliveryState.FAILED),
        (OutcomeUnknown("reset"), DeliveryState.UNKNOWN),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_the_last_attempt_ends_it(error: Exception, state: DeliveryState) -> None:
    before = policy().decide(error, attempt=ATTEMPTS - 1, now=NOW, key_valid_until=NOW + HOUR)
    last = policy().decide(error, attempt=ATTEMPTS, now=NOW, key_valid_until=NOW + HOUR)
    assert (before.state, last.state) == (DeliveryState.RETRY, state)


def test_the_wait_doubles_up_to_the_longest_and_jitter_comes_on_top() -> None:
    patient = RetryPolicy(rng=Random(1), max_attempts=20, first_seconds=1.0, longest_seconds=60.0)
    for attempt, floor in ((1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (19, 60)):
        at = patient.decide(RetryLater("busy"), attempt=attempt, now=NOW).at
        assert at is not None
        assert floor <= (at - NOW).total_seconds() <= floor + 1


def test_the_platform_is_not_asked_again_before_the_time_it_named() -> None:
    after = policy().decide(RetryLater("busy", after=timedelta(minutes=10)), attempt=1, now=NOW)
    until = policy().decide(QuotaExhausted("45009", until=NOW + HOUR), attempt=1, now=NOW)
    assert after.at is not None
    assert until.at is not None
    assert timedelta(minutes=10) <= after.at - NOW <= timedelta(minutes=10, seconds=1)
    assert until.at - NOW == HOUR


@pytest.mark.parametrize(
    ("error", "seconds"),
    [(QuotaExhausted("45009", until=NOW + HOUR), 3600), (AccountBlocked("40164"), 300)],
    ids=["quota", "blocked"],
)
def test_what_stops_the_whole_account_is_waited_for_however_often(error: Exception, seconds: int) -> None:
    decision = policy().decide(error, attempt=100, now=NOW)
    assert (decision.state, decision.at) == (DeliveryState.RETRY, NOW + timedelta(seconds=seconds))


def test_a_quota_that_opened_while_its_answer_was_on_the_way_is_tried_in_a_moment() -> None:
    decision = policy().decide(QuotaExhausted("45009", until=NOW - HOUR), attempt=3, now=NOW)
    assert decision.at == NOW + timedelta(seconds=1)


def test_the_same_generator_gives_the_same_times() -> None:
    assert policy(7).decide(RetryLater("busy"), attempt=2, now=NOW) == policy(7).decide(
        RetryLater("busy"), attempt=2, now=NOW
    )
    assert policy(7).decide(RetryLater("busy"), attempt=2, now=NOW) != policy(8).decide(
        RetryLater("busy"), attempt=2, now=NOW
    )


def test_an_unknown_outcome_is_tried_again_under_a_key_that_is_still_valid_then() -> None:
    error = OutcomeUnknown("reset")
    assert policy().decide(error, attempt=1, now=NOW, key_valid_until=NOW + HOUR).state is DeliveryState.RETRY
    soon = NOW + timedelta(seconds=1)
    assert policy().decide(error, attempt=1, now=NOW, key_valid_until=soon).state is DeliveryState.UNKNOWN
    assert policy().decide(error, attempt=1, now=NOW).state is DeliveryState.UNKNOWN


def test_after_a_doubtful_attempt_a_clear_failure_does_not_say_that_nothing_arrived() -> None:
    rejected = policy().decide(Rejected("too long"), attempt=2, now=NOW, key_valid_until=NOW + HOUR, doubtful=True)
    assert (rejected.state, rejected.reason) == (DeliveryState.UNKNOWN, Cause.REJECTED)


def test_after_a_doubtful_attempt_a_busy_platform_is_asked_again_only_while_the_key_holds() -> None:
    later = RetryLater("busy", after=2 * HOUR)
    assert policy().decide(later, attempt=2, now=NOW, key_valid_until=NOW + HOUR, doubtful=True).state is (
        DeliveryState.UNKNOWN
    )
    assert policy().decide(later, attempt=2, now=NOW, key_valid_until=NOW + 3 * HOUR, doubtful=True).state is (
        DeliveryState.RETRY
    )


spans = st.none() | st.integers(-7200, 7200).map(lambda seconds: timedelta(seconds=seconds))
errors: st.SearchStrategy[Exception] = st.one_of(
    st.builds(RetryLater, st.just("busy"), after=spans),
    st.builds(QuotaExhausted, st.just("quota"), until=spans.map(lambda span: None if span is None else NOW + span)),
    *(
        st.builds(kind, st.just("why"))
        for kind in (
            *(TokenRefused, WindowClosed, Unreachable, Rejected, Misconfigured, AccountBlocked),
            *(OutcomeUnknown, ChannelError),
        )
    ),
    st.builds(ValueError, st.just("ours")),
)


@given(errors, st.integers(1, 8), spans, st.booleans(), st.integers())
def test_nothing_doubtful_is_repeated_without_a_key_and_nothing_but_an_account_is_waited_for_for_ever(
    error: Exception, attempt: int, key: timedelta | None, doubtful: bool, seed: int
) -> None:
    valid_until = None if key is None else NOW + key
    decision = policy(seed).decide(error, attempt=attempt, now=NOW, key_valid_until=valid_until, doubtful=doubtful)
    in_doubt = doubtful or type(error) in (OutcomeUnknown, ChannelError, ValueError)

    assert decision.reason is not None
    assert (decision.at is not None) == (decision.state is DeliveryState.RETRY)
    assert decision.state is not DeliveryState.SENT
    if decision.at is not None:
        assert attempt < ATTEMPTS or isinstance(error, QuotaExhausted | AccountBlocked)
        assert decision.at > NOW
        assert not in_doubt or (valid_until is not None and decision.at < valid_until)
    elif in_doubt:
        assert decision.state is DeliveryState.UNKNOWN
    else:
        assert decision.state in (DeliveryState.REFUSED, DeliveryState.FAILED)
