"""Staff looking at policies: within the scope, with a trace, and nothing when the source is down."""

from __future__ import annotations

import pytest

from content.policy import Holder, PolicyBook
from content.policy import Policy as OnePolicy
from handlers.people.policies import PolicyReading, Sight
from handlers.people.rights import Forbidden
from handlers.policies.ports import SourceDown
from storage.audit import Audit
from storage.customer_cards import CustomerCards
from storage.policy_bindings import PolicyBindings
from tests.fakes.clock import ManualClock
from tests.fakes.firm import Firm
from tests.fakes.stores import OpenStores


class Source:
    """A policy source with one policy, whose status holds a phone number; it can be down."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.is_down = False

    async def find(self, *, name: str, policy: str, id_tail: str) -> Holder | None:
        return None

    async def holder(self, holder: str) -> Holder | None:
        return None

    async def book(self, holder: str) -> PolicyBook:
        if self.is_down:
            raise SourceDown("down")
        policy = OnePolicy(number="P20260001", product="重疾险", insured="林小宝", status="有效，电13900001234")
        return PolicyBook(as_of=self._clock.now(), policies=(policy,), cases=())


@pytest.fixture
def source(clock: ManualClock) -> Source:
    return Source(clock)


@pytest.fixture
async def reading(stores: OpenStores, firm: Firm, clock: ManualClock, source: Source) -> PolicyReading:
    bindings = PolicyBindings(stores.database)
    await bindings.bind(firm.customers["z1"], "H1", cause="chat", now=clock.now())
    return PolicyReading(
        cards=CustomerCards(stores.database),
        bindings=bindings,
        source=source,
        audit=Audit(stores.database),
        clock=clock,
    )


async def _read(stores: OpenStores) -> list[tuple[int, str]]:
    rows = await stores.rows("SELECT subject_id, viewer FROM audit_entry WHERE subject = 'policies' ORDER BY id")
    return [(row["subject_id"], row["viewer"]) for row in rows]


async def test_the_owner_sees_them_shortened_and_masked_and_leaves_a_row(
    reading: PolicyReading, stores: OpenStores, firm: Firm
) -> None:
    found = await reading.of(await firm.viewer("zhang"), firm.customers["z1"])
    assert found is not None
    assert found.sight is Sight.SHOWN
    assert found.book is not None
    [policy] = found.book.policies
    assert (policy.number, policy.insured) == ("0001", "林**")
    assert "13900001234" not in policy.status
    assert await _read(stores) == [(firm.customers["z1"], "Zhang")]


async def test_nobody_outside_of_the_scope_learns_anything(
    reading: PolicyReading, stores: OpenStores, firm: Firm
) -> None:
    for userid in ("li", "wang", "zhao", "wu"):
        viewer = await firm.viewer(userid)
        cards = await CustomerCards(stores.database).page(viewer=viewer, limit=99)
        sees = firm.customers["z1"] in {card.id for card in cards}
        assert (await reading.of(viewer, firm.customers["z1"]) is not None) is sees
    # A campaign manager and an analyst see the customer, and not what the customer has insured.
    for userid in ("qian", "zheng", "zhou", "admin"):
        with pytest.raises(Forbidden):
            await reading.of(await firm.viewer(userid), firm.customers["z1"])
    assert "Li" not in {viewer for _, viewer in await _read(stores)}


async def test_unbound_and_down_are_said_and_shown_is_nothing(
    reading: PolicyReading, stores: OpenStores, firm: Firm, source: Source
) -> None:
    zhang = await firm.viewer("zhang")
    unbound = await reading.of(zhang, firm.customers["z2"])
    source.is_down = True
    down = await reading.of(zhang, firm.customers["z1"])
    assert unbound is not None
    assert down is not None
    assert [(unbound.sight, unbound.book), (down.sight, down.book)] == [(Sight.UNBOUND, None), (Sight.DOWN, None)]
    # That somebody is bound to nothing is a look at them, too.
    assert await _read(stores) == [(firm.customers["z2"], "Zhang"), (firm.customers["z1"], "Zhang")]


async def test_a_customer_has_one_holder_and_earlier_ones_stay_in_the_books(
    stores: OpenStores, firm: Firm, clock: ManualClock
) -> None:
    bindings, customer = PolicyBindings(stores.database), firm.customers["l1"]
    for holder in ("H1", "H1", "H2"):
        await bindings.bind(customer, holder, cause="chat", now=clock.now())
    assert await bindings.holder_of(customer) == "H2"
    assert await bindings.unbind(customer, now=clock.now())
    assert not await bindings.unbind(customer, now=clock.now())
    assert await bindings.holder_of(customer) is None
    rows = await stores.rows("SELECT holder FROM policy_binding WHERE customer_id = :id ORDER BY id", id=customer)
    assert [row["holder"] for row in rows] == ["H1", "H2"]


async def test_attempts_are_counted_by_message_over_a_day(stores: OpenStores, clock: ManualClock) -> None:
    bindings = PolicyBindings(stores.database)

    async def allowed(key: str) -> bool:
        return await bindings.allow(7, "bind", key=key, most=2, now=clock.now())

    assert [await allowed(key) for key in ("a", "a", "b", "c", "a")] == [True, True, True, False, True]
    await clock.advance(24 * 3600 + 1)
    assert await allowed("c")
