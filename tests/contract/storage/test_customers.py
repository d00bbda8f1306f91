"""Customers with several identities: joined by unionid or by somebody's word, the strictest consent kept."""

from __future__ import annotations

import asyncio

import pytest

from content.messages import Follow
from storage.errors import StorageError
from storage.group_commit import GroupCommitWriter
from storage.handling import Handling
from storage.records import AccountRow, ConsentDraft, Person
from tests.fakes.clock import ManualClock
from tests.fakes.interrupted import held
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import Visitors, lease_of, turn


@pytest.fixture
def members(stores: OpenStores, accounts: dict[str, AccountRow], clock: ManualClock) -> Visitors:
    """Return people who write to an account of another realm."""
    return Visitors(stores.log, accounts["assistant"], clock)


async def _meet(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, name: str, *, consent: str | None = None
) -> Person:
    """Let somebody write for the first time; with `consent`, that becomes their marketing consent."""
    said = await visitors.say(name, "你好")
    consents = (ConsentDraft(consent="marketing", state=consent, text_version="t1", seq=said.seq),) if consent else ()
    await stores.handling.finish(turn(lease_of(said), [said.seq], now=clock.now(), consents=consents))
    return said.person


async def _now(stores: OpenStores, visitors: Visitors, name: str) -> Person:
    return (await visitors.say(name, "再来")).person


async def test_the_same_unionid_makes_one_customer(
    stores: OpenStores, visitors: Visitors, members: Visitors, clock: ManualClock
) -> None:
    one = await _meet(stores, visitors, clock, "alice")
    other = await _meet(stores, members, clock, "alice-elsewhere")
    note = stores.customers.note_union_id
    first = await note(identity_id=one.identity_id, union_id="u1", now=clock.now())
    joined = await note(identity_id=other.identity_id, union_id="u1", now=clock.now())

    assert (first, joined) == (one.customer_id, one.customer_id)
    assert (await _now(stores, members, "alice-elsewhere")).customer_id == one.customer_id
    merge = await stores.one("SELECT identity_id, from_customer, to_customer, cause FROM customer_merge")
    assert merge == {
        "identity_id": other.identity_id,
        "from_customer": other.customer_id,
        "to_customer": one.customer_id,
        "cause": "unionid",
    }
    gone = await stores.one("SELECT merged_into FROM customer WHERE id = :id", id=other.customer_id)
    assert gone["merged_into"] == one.customer_id


async def test_the_older_customer_is_kept_whoever_is_asked_first(
    stores: OpenStores, visitors: Visitors, members: Visitors, clock: ManualClock
) -> None:
    older = await _meet(stores, visitors, clock, "alice")
    newer = await _meet(stores, members, clock, "alice-elsewhere")
    for identity_id in (newer.identity_id, older.identity_id):
        await stores.customers.note_union_id(identity_id=identity_id, union_id="u1", now=clock.now())

    assert (await _now(stores, visitors, "alice")).customer_id == older.customer_id


async def test_no_unionid_joins_nobody(
    stores: OpenStores, visitors: Visitors, members: Visitors, clock: ManualClock
) -> None:
    people = [await _meet(stores, visitors, clock, "alice"), await _meet(stores, members, clock, "bob")]
    for person in people:
        assert (
            await stores.customers.note_union_id(identity_id=person.identity_id, union_id=None, now=clock.now())
            == person.customer_id
        )

    assert await stores.count("customer_merge") == 0


async def test_each_person_is_asked_for_once(
    stores: OpenStores, visitors: Visitors, account: AccountRow, clock: ManualClock
) -> None:
    people = [await _meet(stores, visitors, clock, f"p{n}") for n in range(4)]
    first = await stores.customers.unasked_unions(realm=account.realm, limit=2)
    for identity_id, _ in first:
        await stores.customers.note_union_id(identity_id=identity_id, union_id=None, now=clock.now())
    second = await stores.customers.unasked_unions(realm=account.realm, limit=10)

    assert first == [(person.identity_id, person.external_id) for person in people[:2]]
    assert second == [(person.identity_id, person.external_id) for person in people[2:]]
    assert await stores.customers.unasked_unions(realm="elsewhere", limit=10) == []


async def test_two_processes_that_note_one_unionid_make_one_customer(
    stores: OpenStores, other_stores: OpenStores, visitors: Visitors, members: Visitors, clock: ManualClock
) -> None:
    for n in range(6):
        one = await _meet(stores, visitors, clock, f"a{n}")
        other = await _meet(stores, members, clock, f"b{n}")
        await asyncio.gather(
            stores.customers.note_union_id(identity_id=one.identity_id, union_id=f"u{n}", now=clock.now()),
            other_stores.customers.note_union_id(identity_id=other.identity_id, union_id=f"u{n}", now=clock.now()),
        )
        found = await stores.rows("SELECT DISTINCT customer_id FROM identity WHERE union_id = :u", u=f"u{n}")
        assert len(found) == 1


async def test_an_explicit_merge_moves_every_identity(
    stores: OpenStores, visitors: Visitors, members: Visitors, clock: ManualClock
) -> None:
    kept = await _meet(stores, visitors, clock, "alice")
    gone = await _meet(stores, members, clock, "alice-elsewhere")
    await stores.customers.merge(kept=kept.customer_id, gone=gone.customer_id, cause="客户当面确认", now=clock.now())

    assert (await _now(stores, members, "alice-elsewhere")).customer_id == kept.customer_id
    assert (await stores.one("SELECT cause FROM customer_merge"))["cause"] == "客户当面确认"


async def test_a_merge_needs_two_living_customers(
    stores: OpenStores, visitors: Visitors, members: Visitors, clock: ManualClock
) -> None:
    kept = (await _meet(stores, visitors, clock, "alice")).customer_id
    gone = (await _meet(stores, members, clock, "bob")).customer_id
    await stores.customers.merge(kept=kept, gone=gone, cause="c", now=clock.now())

    for pair in ((kept, kept), (kept, gone), (gone, kept), (kept, 999)):
        with pytest.raises(StorageError, match="not two living customers"):
            await stores.customers.merge(kept=pair[0], gone=pair[1], cause="c", now=clock.now())
    assert await stores.count("customer_merge") == 1


@pytest.mark.parametrize(
    ("kept", "gone", "result"),
    [
        ("granted", "withdrawn", "withdrawn"),
        ("withdrawn", "granted", "withdrawn"),
        ("granted", "refused", "refused"),
        ("refused", "granted", "refused"),
        ("refused", "withdrawn", "withdrawn"),
        ("granted", "asked", "asked"),
        ("granted", "granted", "granted"),
        ("asked", "granted", "asked"),
        (None, "withdrawn", "withdrawn"),
        ("withdrawn", None, "withdrawn"),
    ],
)
async def test_the_strictest_consent_is_kept(
    stores: OpenStores,
    visitors: Visitors,
    members: Visitors,
    clock: ManualClock,
    kept: str | None,
    gone: str | None,
    result: str,
) -> None:
    one = await _meet(stores, visitors, clock, "alice", consent=kept)
    other = await _meet(stores, members, clock, "alice-elsewhere", consent=gone)
    await stores.customers.merge(kept=one.customer_id, gone=other.customer_id, cause="c", now=clock.now())

    for where, name in ((visitors, "alice"), (members, "alice-elsewhere")):
        assert (await _now(stores, where, name)).consents == {"marketing": result}


async def test_a_grant_outlives_the_join_with_somebody_who_was_never_asked(
    stores: OpenStores, visitors: Visitors, members: Visitors, clock: ManualClock
) -> None:
    """Whichever of the two is kept: not being asked is no statement."""
    for number, (kept, gone) in enumerate((("granted", None), (None, "granted"))):
        one = await _meet(stores, visitors, clock, f"a{number}", consent=kept)
        other = await _meet(stores, members, clock, f"b{number}", consent=gone)
        await stores.customers.merge(kept=one.customer_id, gone=other.customer_id, cause="c", now=clock.now())

        assert (await _now(stores, visitors, f"a{number}")).consents == {"marketing": "granted"}
        assert (await _now(stores, members, f"b{number}")).consents == {"marketing": "granted"}


async def test_a_merge_never_writes_that_nobody_was_asked(
    stores: OpenStores, visitors: Visitors, members: Visitors, clock: ManualClock
) -> None:
    """Nor does a row that says so, of the time when merges wrote it, take a grant back."""
    one = await _meet(stores, visitors, clock, "alice", consent="granted")
    other = await _meet(stores, members, clock, "alice-elsewhere", consent="unasked")
    await stores.customers.merge(kept=one.customer_id, gone=other.customer_id, cause="c", now=clock.now())
    entries = await stores.rows("SELECT state FROM consent_entry WHERE customer_id = :c", c=one.customer_id)

    assert entries == [{"state": "granted"}]


async def test_a_consent_that_comes_by_a_join_names_the_text_it_was_given_to(
    stores: OpenStores, visitors: Visitors, members: Visitors, clock: ManualClock
) -> None:
    """Else a new version of that text would never be asked for again."""
    one = await _meet(stores, visitors, clock, "alice")
    other = await _meet(stores, members, clock, "alice-elsewhere", consent="granted")
    await stores.customers.merge(kept=one.customer_id, gone=other.customer_id, cause="c", now=clock.now())
    entries = await stores.rows(
        "SELECT state, text_version FROM consent_entry WHERE customer_id = :c", c=one.customer_id
    )

    assert entries == [{"state": "granted", "text_version": "t1"}]


async def test_an_opt_out_that_is_being_written_during_a_join_is_not_lost(
    stores: OpenStores, other_stores: OpenStores, visitors: Visitors, members: Visitors, clock: ManualClock
) -> None:
    if stores.database.is_sqlite:
        pytest.skip("SQLite writes one transaction at a time")
    kept = await _meet(stores, visitors, clock, "alice", consent="granted")
    gone = await _meet(stores, members, clock, "alice-elsewhere", consent="granted")
    said = await members.say("alice-elsewhere", "退订")
    joined: list[asyncio.Task[None]] = []

    async def join_meanwhile() -> None:
        """Start the join and wait until it has ended or waits for a lock."""
        merging = other_stores.customers.merge(kept=kept.customer_id, gone=gone.customer_id, cause="c", now=clock.now())
        joined.append(asyncio.create_task(merging))
        waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        while not joined[0].done() and not await stores.rows(waiting):
            pass

    database = held(stores.database, join_meanwhile)
    opting_out = (ConsentDraft(consent="marketing", state="withdrawn", text_version="t1", seq=said.seq),)
    handling = Handling(database, GroupCommitWriter(database))
    await handling.finish(turn(lease_of(said), [said.seq], now=clock.now(), consents=opting_out))
    await joined[0]

    for where, name in ((visitors, "alice"), (members, "alice-elsewhere")):
        person = await _now(stores, where, name)
        assert (person.customer_id, person.consents) == (kept.customer_id, {"marketing": "withdrawn"})


async def _who_is_asked_for(stores: OpenStores, account: AccountRow, clock: ManualClock) -> list[str]:
    found = await stores.customers.unasked_unions(realm=account.realm, limit=10, now=clock.now())
    return [external_id for _, external_id in found]


async def test_who_has_no_unionid_is_asked_for_again_after_seven_days(
    stores: OpenStores, visitors: Visitors, account: AccountRow, clock: ManualClock
) -> None:
    """And who has one is not."""
    for name, union_id in (("alice", None), ("bob", "u1")):
        person = await _meet(stores, visitors, clock, name)
        await stores.customers.note_union_id(identity_id=person.identity_id, union_id=union_id, now=clock.now())
    asked = []
    for days in (0, 6, 1):
        await clock.advance(days * 86_400)
        asked.append(await _who_is_asked_for(stores, account, clock))

    assert asked == [[], [], ["alice"]]


async def test_who_has_no_unionid_is_asked_for_again_after_following(
    stores: OpenStores, visitors: Visitors, account: AccountRow, clock: ManualClock
) -> None:
    for name in ("alice", "bob"):
        person = await _meet(stores, visitors, clock, name)
        await visitors.do(name, Follow(), followed=True)
        await clock.advance(1)
        await stores.customers.note_union_id(identity_id=person.identity_id, union_id=None, now=clock.now())
    before = await _who_is_asked_for(stores, account, clock)
    await clock.advance(60)
    await visitors.do("alice", Follow(), followed=True)
    await clock.advance(300)
    after = await _who_is_asked_for(stores, account, clock)
    person_again = await _meet(stores, visitors, clock, "alice")
    await stores.customers.note_union_id(identity_id=person_again.identity_id, union_id=None, now=clock.now())
    await clock.advance(300)

    assert (before, after) == ([], ["alice"])
    assert await _who_is_asked_for(stores, account, clock) == []
