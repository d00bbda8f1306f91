"""The reply quota as it is recorded and taken, compared with a model that keeps every permission ever given."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from content.messages import Event
from handlers.delivery.grants import Trigger, granted_by
from handlers.delivery.limits import Limits
from handlers.delivery.quota import Quota
from storage.attempts import Begun, Charge, Settlement
from storage.records import AccountRow, DeliveryState, Way
from storage.tables.instant import from_micros
from tests.fakes.clock import START, ManualClock
from tests.fakes.sending import begin, claim, settle
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import Visitors, lease_of, turn

MINUTE = timedelta(minutes=1)
TWO_DAYS = timedelta(hours=48)


class Doing(StrEnum):
    """What happens besides acts of the person."""

    SENT = "sent"
    #: Tried, and the platform did nothing.
    BUSY = "busy"
    #: The same, and the person writes while the attempt is under way.
    BUSY_AND_ACTS = "busy and acts"


@dataclass(frozen=True)
class Step:
    """After `pause` an act of the person, or a message to them."""

    pause: timedelta
    what: Trigger | Doing


def covered(grants: list[tuple[datetime, datetime]], since: datetime, until: datetime) -> bool:
    """Whether the spans of the grants, laid over one another, leave no gap from `since` up to and including `until`."""
    reach = since
    while reach <= until:
        further = max((end for begin, end in grants if begin <= reach), default=reach)
        if further <= reach:
            return False
        reach = further
    return True


def replay(steps: Sequence[Step]) -> list[int]:
    """The model: every permission ever given stands in a list with its time; one holds while there was no gap since."""
    grants: list[tuple[datetime, datetime]] = []
    permissions: list[datetime] = []
    now, counts = START, []
    for step in steps:
        now += step.pause
        permissions = [given for given in permissions if covered(grants, given, now)]
        trigger = Trigger.MESSAGE if step.what is Doing.BUSY_AND_ACTS and permissions else step.what
        if isinstance(trigger, Trigger):
            number, lasts = (5, TWO_DAYS) if trigger is Trigger.MESSAGE else (3, MINUTE)
            grants.append((now, now + lasts))
            permissions += [now] * (number - len(permissions))
        elif step.what is Doing.SENT:
            permissions = permissions[1:]
        counts.append(len(permissions))
    return counts


class Ledger:
    """One person's quota in the database, moved step by step."""

    def __init__(self, stores: OpenStores, account: AccountRow, person: str) -> None:
        self._stores = stores
        self._clock = ManualClock()
        self._visitors = Visitors(stores.log, account, self._clock)
        self._person = person

    async def run(self, *steps: Step) -> list[int]:
        """Return what the account may send after each step."""
        return [await self._take(step) for step in steps]

    async def left(self) -> int:
        """Return what the account may send now."""
        query = "SELECT r.* FROM reach r JOIN identity i ON i.id = r.identity_id WHERE i.external_id = :person"
        rows = await self._stores.rows(query, person=self._person)
        until = from_micros(rows[0]["quota_until"]) if rows and rows[0]["quota_until"] is not None else None
        return Quota(left=rows[0]["quota_left"], until=until).at(self._clock.now()) if rows else 0

    async def _take(self, step: Step) -> int:
        await self._clock.advance(step.pause.total_seconds())
        if isinstance(step.what, Trigger):
            await self._act(step.what)
        elif await self.left() > 0:
            await self._send(step.what)
        return await self.left()

    async def _act(self, trigger: Trigger) -> None:
        body = Event(kind="act", fields={"trigger": str(trigger)})
        await self._stores.log.record(
            self._visitors.arrival(self._person, body, grant=granted_by(trigger, Limits()), handle=False)
        )

    async def _send(self, what: Doing) -> None:
        """Plan a message, try it, and settle the attempt."""
        said = await self._visitors.say(self._person, "问", grant=None)
        lease = lease_of(said)
        await self._stores.handling.finish(turn(lease, [said.seq], "答", now=self._clock.now(), way=Way.OUTBOX))
        [row] = await claim(self._stores, self._clock)
        begun = await begin(self._stores, self._clock, row)
        assert isinstance(begun, Begun)
        if what is Doing.BUSY_AND_ACTS:
            await self._act(Trigger.MESSAGE)
        sent = what is Doing.SENT
        settlement = Settlement(
            claimed=row,
            state=DeliveryState.SENT if sent else DeliveryState.FAILED,
            begun=begun,
            charge=Charge.KEPT if sent else Charge.RETURNED,
        )
        await settle(self._stores, self._clock, settlement)


_numbers = itertools.count()


@pytest.fixture
def open_ledger(stores: OpenStores, account: AccountRow) -> Callable[[], Ledger]:
    """Return a maker of ledgers, each of somebody who was never heard of."""
    return lambda: Ledger(stores, account, f"person-{next(_numbers)}")


pauses = st.sampled_from(
    [timedelta(0), timedelta(seconds=1), timedelta(seconds=59), MINUTE, TWO_DAYS - MINUTE, TWO_DAYS]
)
steps = st.lists(st.builds(Step, pause=pauses, what=st.sampled_from([*Trigger, *Doing])), max_size=12)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(taken=steps)
async def test_the_count_is_that_of_the_model_and_never_more_than_a_message_grants(
    open_ledger: Callable[[], Ledger], taken: list[Step]
) -> None:
    counts = await open_ledger().run(*taken)
    assert counts == replay(taken)
    assert all(0 <= count <= 5 for count in counts)


@pytest.mark.parametrize("trigger", Trigger)
async def test_an_act_never_takes_anything_away(open_ledger: Callable[[], Ledger], trigger: Trigger) -> None:
    counts = await open_ledger().run(_now(Trigger.MESSAGE), _now(trigger), Step(MINUTE, Doing.SENT))
    assert counts == [5, 5, 4]


async def test_a_tap_tops_up_what_is_used_up_until_the_later_end(open_ledger: Callable[[], Ledger]) -> None:
    sent = [_now(Doing.SENT) for _ in range(5)]
    later = Step(TWO_DAYS - 2 * MINUTE, Doing.SENT)
    counts = await open_ledger().run(_now(Trigger.MESSAGE), *sent, Step(MINUTE, Trigger.CLICK), later)
    assert counts == [5, 4, 3, 2, 1, 0, 3, 2]


async def test_at_its_end_a_tap_is_worth_nothing_and_the_next_is_counted_anew(
    open_ledger: Callable[[], Ledger],
) -> None:
    ledger = open_ledger()
    counts = await ledger.run(_now(Trigger.FOLLOW), Step(MINUTE - timedelta(seconds=1), Doing.SENT))
    ended = await ledger.run(Step(timedelta(seconds=1), Doing.SENT), _now(Trigger.CLICK))
    assert (counts, ended) == ([3, 2], [0, 3])


def _now(what: Trigger | Doing) -> Step:
    return Step(timedelta(0), what)
