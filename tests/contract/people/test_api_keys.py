"""Keys of other systems."""

from __future__ import annotations

from datetime import timedelta

import pytest

from content.rights import Permission, Scope
from handlers.people.rights import viewer_of_key
from storage.api_keys import ApiKeys
from storage.customer_cards import CustomerCards
from storage.errors import StorageError
from tests.fakes.clock import ManualClock
from tests.fakes.firm import EVERYBODY, Firm, people_of
from tests.fakes.stores import OpenStores

_READS = frozenset({Permission.CUSTOMERS_READ})


async def _add(keys: ApiKeys, digest: bytes, clock: ManualClock, **more: object) -> int:
    terms: dict[str, object] = {"scope": Scope.ALL, "branch_id": None, "expires_at": None, **more}
    return await keys.add(digest, name="crm", permissions=_READS, created_by=None, now=clock.now(), **terms)  # type: ignore[arg-type]


async def test_a_key_is_found_by_its_digest_until_it_ends_or_expires(stores: OpenStores, clock: ManualClock) -> None:
    keys = ApiKeys(stores.database)
    ended = await _add(keys, b"a", clock)
    await _add(keys, b"b", clock, expires_at=clock.now() + timedelta(days=1))
    found = await keys.find(b"a", now=clock.now())
    await keys.end(ended, now=clock.now())

    assert found is not None
    assert (found.name, found.permissions, found.scope) == ("crm", _READS, Scope.ALL)
    assert await keys.find(b"a", now=clock.now()) is None
    assert await keys.find(b"b", now=clock.now()) is not None
    assert await keys.find(b"b", now=clock.now() + timedelta(days=1)) is None
    assert await keys.find(b"c", now=clock.now()) is None
    with pytest.raises(StorageError, match="no live key"):
        await keys.end(ended, now=clock.now())


async def test_a_key_sees_what_its_scope_lets_it_see(stores: OpenStores, firm: Firm, clock: ManualClock) -> None:
    keys, cards = ApiKeys(stores.database), CustomerCards(stores.database)
    member = await firm.organisation.member(await firm.organisation.find("qian"), now=clock.now())
    assert member is not None
    branch = min(member.branch_ids)
    seen = []
    for digest, scope, branch_id in ((b"a", Scope.ALL, None), (b"b", Scope.BRANCH, branch)):
        await _add(keys, digest, clock, scope=scope, branch_id=branch_id)
        key = await keys.find(digest, now=clock.now())
        assert key is not None
        viewer = viewer_of_key(key, branch_ids=await firm.organisation.branches_of(key.branch_id))
        seen.append({c.person for card in await cards.page(viewer=viewer, limit=100) for c in card.contacts})

    assert seen == [EVERYBODY, people_of("zhang", "li", "wang")]


@pytest.mark.parametrize(
    ("scope", "branch_id"),
    [(Scope.OWN, None), (Scope.TEAM, 1), (Scope.BRANCH, None), (Scope.ALL, 1)],
)
async def test_a_key_has_no_scope_that_only_a_person_has(
    stores: OpenStores, clock: ManualClock, scope: Scope, branch_id: int | None
) -> None:
    with pytest.raises(StorageError, match="a key sees all, or one branch"):
        await _add(ApiKeys(stores.database), b"a", clock, scope=scope, branch_id=branch_id)
