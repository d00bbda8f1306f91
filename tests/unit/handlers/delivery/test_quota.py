"""The reply quota, compared with a brute-force model that keeps every permission ever given and looks for gaps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from handlers.delivery.apis import Trigger
from handlers.delivery.quota import Quota, granted, spent

START = datetime(2026, 5, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TWO_DAYS = timedelta(hours=48)


@dataclass(frozen=True)
class Step:
    """After `pause` either an act of the person (`trigger`) or a message to them (None)."""

    pause: timedelta
    trigger: Trigger | None


def covered(grants: list[tuple[datetime, datetime]], since: datetime, until: datetime) -> bool:
    """Whether the spans of the grants, laid over one another, leave no gap from `since` up to and including `until`."""
    reach = since
    while reach <= until:
        further = max((end for begin, end in grants if begin <= reach), default=reach)
        if further <= reach:
            return False
        reach = further
    return True


def replay(steps: list[Step]) -> list[int]:
    """The model: every permission ever given stands in a list with its time; one holds while there was no gap since."""
    grants: list[tuple[datetime, datetime]] = []
    permissions: list[datetime] = []
    now, counts = START, []
    for step in steps:
        now += step.pause
        permissions = [given for given in permissions if covered(grants, given, now)]
        if step.trigger is None:
            permissions = permissions[1:]
        else:
            number, lasts = (5, TWO_DAYS) if step.trigger is Trigger.MESSAGE else (3, MINUTE)
            grants.append((now, now + lasts))
            permissions += [now] * (number - len(permissions))
        counts.append(len(permissions))
    return counts


def run(steps: list[Step]) -> list[int]:
    quota, now, counts = Quota(), START, []
    for step in steps:
        now += step.pause
        quota = spent(quota, now=now) if step.trigger is None else granted(quota, step.trigger, now=now)
        counts.append(quota.at(now))
    return counts


pauses = st.sampled_from(
    [timedelta(0), timedelta(seconds=1), timedelta(seconds=59), MINUTE, TWO_DAYS - MINUTE, TWO_DAYS]
)
steps = st.lists(st.builds(Step, pause=pauses, trigger=st.none() | st.sampled_from(Trigger)), max_size=25)


@given(steps)
def test_the_count_is_that_of_the_model(taken: list[Step]) -> None:
    assert run(taken) == replay(taken)


@given(steps)
def test_there_are_never_more_than_a_message_grants_and_never_fewer_than_none(taken: list[Step]) -> None:
    assert all(0 <= count <= 5 for count in run(taken))


@given(steps, pauses)
def test_an_act_never_takes_anything_away(taken: list[Step], pause: timedelta) -> None:
    quota, now = Quota(), START
    for step in taken:
        now += step.pause
        quota = spent(quota, now=now) if step.trigger is None else granted(quota, step.trigger, now=now)
    for trigger in Trigger:
        after = granted(quota, trigger, now=now)
        assert after.at(now + pause) >= quota.at(now + pause)


def test_a_tap_after_a_message_does_not_add_to_what_is_left() -> None:
    quota = granted(Quota(), Trigger.MESSAGE, now=START)
    assert granted(quota, Trigger.CLICK, now=START) == quota


def test_a_tap_tops_up_what_is_used_up_until_the_later_end() -> None:
    quota = granted(Quota(), Trigger.MESSAGE, now=START)
    for _ in range(5):
        quota = spent(quota, now=START)
    assert granted(quota, Trigger.CLICK, now=START + MINUTE) == Quota(left=3, until=START + TWO_DAYS)


def test_at_its_end_a_quota_is_worth_nothing() -> None:
    quota = granted(Quota(), Trigger.FOLLOW, now=START)
    assert quota.at(START + MINUTE - timedelta(microseconds=1)) == 3
    assert quota.at(START + MINUTE) == 0
    assert granted(quota, Trigger.CLICK, now=START + MINUTE) == Quota(left=3, until=START + 2 * MINUTE)


def test_spending_what_is_not_there_leaves_nothing() -> None:
    assert spent(Quota(), now=START) == Quota()
    assert spent(Quota(left=1, until=START), now=START).at(START - MINUTE) == 0
