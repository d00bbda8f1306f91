"""What customers choose about marketing: kept with its evidence, joined and parted, obeyed before a message goes."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from content.marketing import Limit
from content.messages import Purpose
from handlers.delivery.apis import CUSTOM_SEND, Audience
from handlers.delivery.decision import Allow, Author, OutgoingFacts, standing_of
from handlers.delivery.governor import Governor
from storage.attempts import Begun, Settlement
from storage.claims import Claimed
from storage.customer_cards import CustomerCards
from storage.customer_export import CustomerData
from storage.deliveries import Deliveries
from storage.mailbox import Mailbox
from storage.outbox import Outbox
from storage.preference_rows import ChosenFrequency, PreferenceDraft, Preferences, TopicChoice
from storage.preferences import PreferenceBook
from storage.records import AccountRow, ConsentDraft, DeliveryState, Person, ReplyDraft
from storage.unmerge import Unmerge
from storage.viewer import COMMAND_LINE
from tests.fakes.clock import ManualClock
from tests.fakes.interrupted import held
from tests.fakes.sending import TABLE, claim, settle
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import Visitors, lease_of, turn

REFUSED, TAKEN = TopicChoice.REFUSED, TopicChoice.TAKEN
WEEKLY = ("weekly", Limit(messages=1, days=7))
MONTHLY = ("monthly", Limit(messages=1, days=30))
ENDS = (DeliveryState.SENT, DeliveryState.REFUSED, DeliveryState.FAILED, DeliveryState.UNKNOWN)
GOVERNOR = Governor(TABLE, reply_reserve=0)
_numbers = itertools.count()


@pytest.fixture
def others(stores: OpenStores, accounts: dict[str, AccountRow], clock: ManualClock) -> Visitors:
    """Return people who write to the second official account of the realm."""
    return Visitors(stores.log, accounts["second"], clock)


async def _choose(
    stores: OpenStores,
    visitors: Visitors,
    clock: ManualClock,
    name: str,
    *,
    topics: Sequence[tuple[str, TopicChoice]] = (),
    frequency: tuple[str, Limit | None] | None = None,
    consent: str | None = None,
) -> Person:
    """Let somebody choose in a message of their own."""
    said = await visitors.say(name, "主题和频率")
    drafts = [PreferenceDraft(topic=t, choice=choice, text_version="c1", seq=said.seq) for t, choice in topics]
    if frequency is not None:
        choice, limit = frequency
        drafts.append(PreferenceDraft(topic=None, choice=choice, limit=limit, text_version="c1", seq=said.seq))
    consents = (ConsentDraft(consent="marketing", state=consent, text_version="t1", seq=said.seq),) if consent else ()
    done = replace(turn(lease_of(said), [said.seq], now=clock.now(), consents=consents), preferences=tuple(drafts))
    await stores.handling.finish(done)
    return said.person


async def _of(stores: OpenStores, customer_id: int) -> tuple[set[str], str | None]:
    found = await PreferenceBook(stores.database).of(customer_id)
    return set(found.refused_topics), None if found.frequency is None else found.frequency.name


async def test_the_latest_counts_and_each_names_the_message_that_shows_it(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    alice = await _choose(stores, visitors, clock, "alice", topics=[("wealth", REFUSED)], frequency=WEEKLY)
    await _choose(stores, visitors, clock, "alice", topics=[("products", REFUSED), ("wealth", TAKEN)])
    rows = await stores.rows("SELECT topic, choice, messages, days, seq FROM marketing_choice_entry ORDER BY id")

    assert await PreferenceBook(stores.database).of(alice.customer_id) == Preferences(
        refused_topics=frozenset({"products"}), frequency=ChosenFrequency(name=WEEKLY[0], limit=WEEKLY[1])
    )
    assert [tuple(row.values()) for row in rows] == [
        ("wealth", "refused", None, None, 1),
        (None, "weekly", 1, 7, 1),
        ("products", "refused", None, None, 2),
        ("wealth", "taken", None, None, 2),
    ]
    assert await _of(stores, alice.customer_id + 1) == (set(), None)


async def test_recording_and_handling_read_nothing_of_it(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    await _choose(stores, visitors, clock, "alice", topics=[("wealth", REFUSED)], frequency=WEEKLY)
    said = await visitors.say("alice", "在吗")
    loaded = await stores.handling.person(lease_of(said))
    assert loaded is not None
    assert (said.person.preferences, loaded.preferences) == (None, None)


@pytest.mark.parametrize(
    ("kept", "gone", "result"),
    [
        ((WEEKLY, [("wealth", REFUSED)]), (None, []), ({"wealth"}, "weekly")),
        ((None, []), (WEEKLY, [("wealth", REFUSED)]), ({"wealth"}, "weekly")),
        ((WEEKLY, []), (MONTHLY, []), (set(), "monthly")),
        ((MONTHLY, []), (WEEKLY, []), (set(), "monthly")),
        ((("any", None), []), (WEEKLY, []), (set(), "weekly")),
        ((WEEKLY, []), (("any", None), []), (set(), "weekly")),
        ((None, [("wealth", TAKEN)]), (None, [("wealth", REFUSED)]), ({"wealth"}, None)),
        ((None, [("wealth", REFUSED)]), (None, [("wealth", TAKEN)]), ({"wealth"}, None)),
        ((None, [("wealth", REFUSED)]), (None, [("products", REFUSED)]), ({"wealth", "products"}, None)),
    ],
)
async def test_a_merge_keeps_the_most_restrictive_and_parting_gives_back(
    stores: OpenStores,
    visitors: Visitors,
    clock: ManualClock,
    kept: tuple[tuple[str, Limit | None] | None, list[tuple[str, TopicChoice]]],
    gone: tuple[tuple[str, Limit | None] | None, list[tuple[str, TopicChoice]]],
    result: tuple[set[str], str | None],
) -> None:
    one = (await _choose(stores, visitors, clock, "alice", frequency=kept[0], topics=kept[1])).customer_id
    other = (await _choose(stores, visitors, clock, "bob", frequency=gone[0], topics=gone[1])).customer_id
    before = [await _of(stores, one), await _of(stores, other)]
    for _ in range(2):
        await stores.customers.merge(kept=one, gone=other, cause="c", now=clock.now())
        assert await _of(stores, one) == result
        await Unmerge(stores.database).undo(other, cause="c", now=clock.now())
        assert [await _of(stores, one), await _of(stores, other)] == before


async def test_what_is_said_after_a_merge_counts_and_another_merge_stays_when_one_is_undone(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    names = ("alice", "bob", "carol")
    one, other, third = [
        (await _choose(stores, visitors, clock, name, topics=topics)).customer_id
        for name, topics in zip(names, ([], [("wealth", REFUSED)], [("wealth", REFUSED)]), strict=True)
    ]
    await stores.customers.merge(kept=one, gone=other, cause="c", now=clock.now())
    await _choose(stores, visitors, clock, "bob", topics=[("wealth", TAKEN)])
    assert await _of(stores, one) == (set(), None)

    await stores.customers.merge(kept=one, gone=third, cause="c", now=clock.now())
    assert await _of(stores, one) == ({"wealth"}, None)
    await Unmerge(stores.database).undo(other, cause="c", now=clock.now())
    assert await _of(stores, one) == ({"wealth"}, None)
    assert await _of(stores, other) == (set(), None), "what bob said last goes with him"
    await stores.customers.merge(kept=one, gone=other, cause="c", now=clock.now())
    await Unmerge(stores.database).undo(third, cause="c", now=clock.now())
    assert await _of(stores, one) == (set(), None), "of what bob had said before, only the last counts"


async def test_what_was_said_while_they_were_one_goes_with_who_said_it(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    alice = await _choose(stores, visitors, clock, "alice", topics=[("wealth", REFUSED)], frequency=MONTHLY)
    bob = await _choose(stores, visitors, clock, "bob")
    one, other = alice.customer_id, bob.customer_id
    await stores.customers.merge(kept=one, gone=other, cause="c", now=clock.now())
    await _choose(stores, visitors, clock, "bob", topics=[("wealth", TAKEN), ("products", REFUSED)], frequency=WEEKLY)
    await _choose(stores, visitors, clock, "alice", topics=[("benefits", REFUSED)])
    assert await _of(stores, one) == ({"products", "benefits"}, "weekly")
    await Unmerge(stores.database).undo(other, cause="c", now=clock.now())

    assert await _of(stores, one) == ({"wealth", "benefits"}, "monthly")
    assert await _of(stores, other) == ({"products"}, "weekly")
    copies = await stores.rows("SELECT seq FROM marketing_choice_entry WHERE customer_id = :other", other=other)
    assert copies == [{"seq": 3}] * 3, "each still names the message that shows it"

    # What bob says alone afterwards outlives another join that is undone.
    await clock.advance(60)
    await _choose(stores, visitors, clock, "bob", topics=[("products", TAKEN)], frequency=("any", None))
    await clock.advance(60)
    await stores.customers.merge(kept=one, gone=other, cause="c", now=clock.now())
    await Unmerge(stores.database).undo(other, cause="c", now=clock.now())
    assert await _of(stores, one) == ({"wealth", "benefits"}, "monthly")
    assert await _of(stores, other) == (set(), "any")


async def test_staff_see_it_and_the_customer_can_take_it_along(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    alice = await _choose(stores, visitors, clock, "alice", topics=[("wealth", REFUSED)], frequency=WEEKLY)
    bob = await _choose(stores, visitors, clock, "bob", topics=[("products", REFUSED)])
    await stores.customers.merge(kept=alice.customer_id, gone=bob.customer_id, cause="c", now=clock.now())
    card = await CustomerCards(stores.database).card(alice.customer_id, viewer=COMMAND_LINE)
    export = await CustomerData(stores.database).gather(alice.customer_id, now=clock.now())

    assert card is not None
    assert card.preferences.refused_topics == {"wealth", "products"}
    shown = [(row["topic"], row["choice"], row["messages"], row["days"]) for row in export["marketing_choices"]]
    assert shown == [("wealth", "refused", None, None), (None, "weekly", 1, 7), ("products", "refused", None, None)]


# What is counted before a message goes


async def _post(
    stores: OpenStores, account: AccountRow, person: str, clock: ManualClock, *, purpose: str = "marketing"
) -> None:
    draft = ReplyDraft(kind="text", fields={"content": "活动"}, purpose=purpose, topic="benefits", content_version="v1")
    key = f"key-{next(_numbers)}"
    assert await Mailbox(stores.database).post(account, person, draft, key=key, now=clock.now())


def _facts(row: Claimed) -> OutgoingFacts:
    return OutgoingFacts(
        purpose=Purpose(row.purpose),
        by=Author.BOT,
        channel="wechat",
        audience=Audience.CUSTOMER,
        apis=(CUSTOM_SEND,),
        topic=row.topic,
    )


async def _begin(outbox: Outbox, clock: ManualClock, row: Claimed, *, holder: str = "worker-1") -> Begun | Settlement:
    """Begin the attempt at a claimed row as the governor decides."""

    def decide(person: Person, _recent: Sequence[datetime]) -> str | Settlement:
        ruling = GOVERNOR.decide(_facts(row), standing_of(person), now=clock.now())
        if isinstance(ruling, Allow):
            return ruling.api.name
        return Settlement(claimed=row, state=DeliveryState.REFUSED, reason=str(ruling.reason), attempted=False)

    return await outbox.begin(
        row, holder=holder, now=clock.now(), decide=decide, costs=lambda _: 0, look_back=timedelta(0)
    )


async def _send(stores: OpenStores, clock: ManualClock, state: DeliveryState, *, reason: str | None = None) -> str:
    """Claim the one row that is due, try it, and let `state` come of the attempt; return what became of the row."""
    [row] = await claim(stores, clock)
    begun = await _begin(stores.outbox, clock, row)
    if isinstance(begun, Settlement):
        return str(begun.reason)
    settlement = Settlement(claimed=row, state=state, reason=reason, begun=begun)
    if state is DeliveryState.RETRY:
        settlement = replace(settlement, due_at=clock.now() + timedelta(days=300))
    await settle(stores, clock, settlement)
    return str(state)


@pytest.mark.parametrize(
    ("state", "reason", "counts"),
    [
        (DeliveryState.SENT, None, True),
        (DeliveryState.UNKNOWN, "outcome_unknown", True),
        (DeliveryState.RETRY, "outcome_unknown", True),
        (DeliveryState.RETRY, "busy", False),
        (DeliveryState.FAILED, "rejected", False),
        (DeliveryState.REFUSED, "window_closed", False),
    ],
)
async def test_what_arrived_or_may_have_is_counted_and_nothing_else(
    stores: OpenStores,
    visitors: Visitors,
    others: Visitors,
    accounts: dict[str, AccountRow],
    clock: ManualClock,
    state: DeliveryState,
    reason: str | None,
    counts: bool,
) -> None:
    """Over the accounts of one customer; the second message is asked for on another one than the first."""
    await _choose(stores, visitors, clock, "alice", frequency=WEEKLY, consent="granted")
    await others.say("alice", "你好")
    await _post(stores, accounts["service"], "alice", clock)
    assert await _send(stores, clock, state, reason=reason) == state
    await _post(stores, accounts["second"], "alice", clock)
    assert await _send(stores, clock, DeliveryState.SENT) == ("frequency_chosen" if counts else "sent")


async def test_what_a_person_found_not_to_have_arrived_is_not_counted(
    stores: OpenStores, visitors: Visitors, account: AccountRow, clock: ManualClock
) -> None:
    await _choose(stores, visitors, clock, "alice", frequency=WEEKLY, consent="granted")
    for state in (DeliveryState.FAILED, DeliveryState.SENT):
        await _post(stores, account, "alice", clock)
        assert await _send(stores, clock, DeliveryState.UNKNOWN) == "unknown"
        [row] = await stores.rows("SELECT id FROM delivery WHERE state = 'unknown'")
        await Deliveries(stores.database).settle(row["id"], state, by="wang", now=clock.now())
    await _post(stores, account, "alice", clock)
    assert await _send(stores, clock, DeliveryState.SENT) == "frequency_chosen"


async def test_messages_that_serve_are_neither_counted_nor_held_back(
    stores: OpenStores, visitors: Visitors, account: AccountRow, clock: ManualClock
) -> None:
    await _choose(stores, visitors, clock, "alice", frequency=WEEKLY, topics=[("benefits", REFUSED)], consent="granted")
    for _ in range(3):
        await _post(stores, account, "alice", clock, purpose="service")
        assert await _send(stores, clock, DeliveryState.SENT) == "sent"
    await _post(stores, account, "alice", clock)
    assert await _send(stores, clock, DeliveryState.SENT) == "topic_refused"
    await _choose(stores, visitors, clock, "alice", topics=[("benefits", TAKEN)])
    await _post(stores, account, "alice", clock)
    assert await _send(stores, clock, DeliveryState.SENT) == "sent"


async def test_those_of_all_identities_of_a_customer_are_counted_together(
    stores: OpenStores, visitors: Visitors, account: AccountRow, clock: ManualClock
) -> None:
    alice = await _choose(stores, visitors, clock, "alice", frequency=WEEKLY, consent="granted")
    bob = await _choose(stores, visitors, clock, "bob", consent="granted")
    await _post(stores, account, "bob", clock)
    assert await _send(stores, clock, DeliveryState.SENT) == "sent"
    await stores.customers.merge(kept=alice.customer_id, gone=bob.customer_id, cause="c", now=clock.now())
    await _post(stores, account, "alice", clock)
    assert await _send(stores, clock, DeliveryState.SENT) == "frequency_chosen"
    await Unmerge(stores.database).undo(bob.customer_id, cause="c", now=clock.now())
    await _post(stores, account, "alice", clock)
    assert await _send(stores, clock, DeliveryState.SENT) == "sent"


async def test_two_workers_of_two_accounts_cannot_both_use_the_last_one(
    stores: OpenStores,
    other_stores: OpenStores,
    visitors: Visitors,
    others: Visitors,
    accounts: dict[str, AccountRow],
    clock: ManualClock,
) -> None:
    """One has decided and not committed yet when the other asks: it must wait, and then see."""
    if stores.database.is_sqlite:
        pytest.skip("SQLite writes one transaction at a time")
    await _choose(stores, visitors, clock, "alice", frequency=WEEKLY, consent="granted")
    await others.say("alice", "你好")
    for name in ("service", "second"):
        await _post(stores, accounts[name], "alice", clock)
    first, second = await claim(stores, clock)
    asking: list[asyncio.Task[Begun | Settlement]] = []

    async def ask_meanwhile() -> None:
        asking.append(asyncio.create_task(_begin(other_stores.outbox, clock, second)))
        waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        while not asking[0].done() and not await stores.rows(waiting):
            pass

    begun = await _begin(Outbox(held(stores.database, ask_meanwhile)), clock, first)
    late = await asking[0]

    assert isinstance(begun, Begun)
    assert isinstance(late, Settlement)
    assert late.reason == "frequency_chosen"


steps = st.lists(
    st.tuples(st.sampled_from([0, 1, 3, 6, 7, 13, 29]), st.sampled_from(ENDS)),
    min_size=1,
    max_size=6,
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(limit=st.builds(Limit, messages=st.integers(1, 3), days=st.sampled_from([1, 7, 14])), taken=steps)
async def test_two_workers_never_send_more_in_any_such_time_and_refuse_only_then(
    stores: OpenStores,
    other_stores: OpenStores,
    accounts: dict[str, AccountRow],
    limit: Limit,
    taken: list[tuple[int, DeliveryState]],
) -> None:
    """At each step a message waits on either account, and both workers ask at the same moment."""
    clock, person = ManualClock(), f"person-{next(_numbers)}"
    places = [accounts["service"], accounts["second"]]
    visitors = [Visitors(stores.log, place, clock, holder=person) for place in places]
    arrived: list[datetime] = []
    for days, comes_of_it in taken:
        await clock.advance(days * 86_400)
        for each in visitors:
            said = await each.say(person, "你好")
            chosen = PreferenceDraft(topic=None, choice="own", limit=limit, text_version="c1", seq=said.seq)
            granted = ConsentDraft(consent="marketing", state="granted", text_version="t1", seq=said.seq)
            done = turn(lease_of(said, holder=person), [said.seq], now=clock.now(), consents=(granted,))
            await stores.handling.finish(replace(done, preferences=(chosen,)))
        for place in places:
            await _post(stores, place, person, clock)
        rows = await claim(stores, clock)
        results = await asyncio.gather(
            *(_begin(each.outbox, clock, row) for each, row in zip((stores, other_stores), rows, strict=True))
        )
        begun = [(row, result) for row, result in zip(rows, results, strict=True) if isinstance(result, Begun)]
        before = [at for at in arrived if at > clock.now() - timedelta(days=limit.days)]
        assert len(begun) == min(2, max(0, limit.messages - len(before)))
        for row, result in begun:
            await settle(stores, clock, Settlement(claimed=row, state=comes_of_it, reason="r", begun=result))
            arrived += [clock.now()] * (comes_of_it in (DeliveryState.SENT, DeliveryState.UNKNOWN))
