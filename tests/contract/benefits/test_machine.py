"""Anything that customers, desks, messages and the clock do in any order, against a plain model of every unit."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Final, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from content.benefits import Benefit
from storage.benefit_claims import Granted
from storage.benefit_moves import Moved
from storage.benefit_reserving import Refusal
from storage.benefit_ticks import BenefitTicks
from storage.deliveries import Deliveries
from storage.tables.benefits import UnitState
from storage.tables.delivery import DeliveryState
from storage.viewer import COMMAND_LINE
from tests.contract.benefits.shelf import Guests, Shelf, authored
from tests.contract.handover.house import MORNING
from tests.fakes.clock import ManualClock
from tests.fakes.stores import OpenStores, open_stores
from tests.fakes.visitors import Visitors
from tests.state_machines import run_machine

T = TypeVar("T")
PEOPLE: Final = ("z1", "z2", "l1")
STOCK: Final = 4
LIMIT: Final = 2
_person = st.sampled_from(PEOPLE)
_place = st.integers(min_value=0, max_value=STOCK - 1)
_COUNTED: Final = ("reserved", "granted", "redeemed", "expired")


class Units(RuleBasedStateMachine):
    """Four units, two a person at most; each lasts a day."""

    def __init__(self, shelf: Shelf, runner: asyncio.Runner, number: int) -> None:
        super().__init__()
        self.shelf, self._runner = shelf, runner
        benefit: Benefit = authored(f"b{number}", per_person=LIMIT, valid_days=1)
        self.benefit = self.run(shelf.put(benefit, units=STOCK))
        rows = self.run(shelf.stores.rows("SELECT id, code FROM benefit_unit ORDER BY id DESC"))[:STOCK]
        self.codes: list[str] = [row["code"] for row in reversed(rows)]
        self.ids: list[int] = [row["id"] for row in reversed(rows)]
        #: By unit its state, whose it is, and until when.
        self.state: dict[int, str] = dict.fromkeys(self.ids, "available")
        self.owner: dict[int, str] = {}
        self.until: dict[int, Any] = {}
        #: By delivery the unit that it holds.
        self.held: dict[int, int] = {}

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(coroutine)

    def _has(self, person: str) -> int:
        return sum(self.owner.get(unit) == person and self.state[unit] in _COUNTED for unit in self.ids)

    def _expected(self, person: str) -> Refusal | None:
        if self._has(person) >= LIMIT:
            return Refusal.PERSON_LIMIT
        return None if "available" in self.state.values() else Refusal.SOLD_OUT

    def _took(self, unit: int, person: str, state: str) -> None:
        assert self.state[unit] == "available"
        self.state[unit], self.owner[unit] = state, person

    @rule(person=_person)
    def claims(self, person: str) -> None:
        found = self.run(self.shelf.claim(self.benefit, person))
        expected = self._expected(person)
        if isinstance(found, Granted):
            assert expected is None
            self._took(found.unit.id, person, "granted")
            self.until[found.unit.id] = found.unit.expires_at
        else:
            assert found is expected

    @rule(person=_person)
    def is_sent_one(self, person: str) -> None:
        delivery_id = self.run(self.shelf.post(self.shelf.firm.account, person))
        expected, found = self._expected(person), self.run(self.shelf.reserve(self.benefit, person, delivery_id))
        if isinstance(found, Refusal):
            assert found is expected
        else:
            self._took(found, person, "reserved")
            self.held[delivery_id] = found

    @rule(arrives=st.booleans())
    def a_person_settles(self, arrives: bool) -> None:
        if not self.held:
            return
        delivery_id, unit = self.held.popitem()
        unknown = "UPDATE delivery SET state = 'unknown' WHERE id = :id"
        self.run(self.shelf.stores.change(unknown, id=delivery_id))
        word, now = DeliveryState.SENT if arrives else DeliveryState.FAILED, self.shelf.clock.now()
        self.run(Deliveries(self.shelf.stores.database).settle(delivery_id, word, by="wu", now=now))
        self.state[unit] = "granted" if arrives else "available"
        self.until[unit] = self.benefit.expires_at(now)
        if not arrives:
            del self.owner[unit]

    @rule(place=_place, step=st.sampled_from(["redeem", "redeem", "reverse", "expire"]))
    def the_desk_moves(self, place: int, step: str) -> None:
        unit, now = self.ids[place], self.shelf.clock.now()
        moves, code = self.shelf.moves, self.codes[place]
        before = self.state[unit]
        found: Moved | None
        if step == "redeem":
            found = self.run(moves.redeem(code, place="静安", key="", viewer=COMMAND_LINE, now=now))
        elif step == "reverse":
            found = self.run(moves.reverse(code, reason="误", viewer=COMMAND_LINE, now=now))
        else:
            found = self.run(moves.expire(code, reason="停", viewer=COMMAND_LINE, now=now))
        if before in ("available", "reserved"):
            assert found is None
            return
        assert found is not None
        over = before == "granted" and self.until[unit] is not None and self.until[unit] <= now
        after = {("granted", "redeem"): "expired" if over else "redeemed", ("granted", "expire"): "expired"}
        after[("redeemed", "reverse")] = "reversed"
        self.state[unit] = after.get((before, step), before)
        assert found.unit.state == self.state[unit]

    @rule(hours=st.sampled_from([1, 20, 50]))
    def time_passes(self, hours: int) -> None:
        self.run(self.shelf.clock.advance(hours * 3600.0))
        now = self.shelf.clock.now()
        self.run(BenefitTicks(self.shelf.stores.database).expire(now=now))
        for unit in self.ids:
            if self.state[unit] == "granted" and self.until[unit] <= now:
                self.state[unit] = "expired"

    @invariant()
    def every_unit_is_where_the_model_has_it_and_none_is_lost(self) -> None:
        rows = self.run(
            self.shelf.stores.rows(
                "SELECT u.id, u.state, i.external_id AS person, u.delivery_id FROM benefit_unit u "
                "LEFT JOIN identity i ON i.id = u.identity_id WHERE u.benefit_id = :id",
                id=self.benefit.id,
            )
        )
        assert {row["id"]: row["state"] for row in rows} == self.state
        assert {row["id"]: row["person"] for row in rows if row["person"]} == self.owner
        assert {row["delivery_id"]: row["id"] for row in rows if row["state"] == "reserved"} == self.held
        figures, counted = self.run(self.shelf.figures(self.benefit)), Counter(self.state.values())
        assert {state.value: getattr(figures, state.value) for state in UnitState} == {
            state.value: counted[state.value] for state in UnitState
        }
        assert figures.total == STOCK
        assert all(self._has(person) <= LIMIT for person in PEOPLE)


def test_whatever_happens_in_whatever_order(database_url: str, tmp_path: Path) -> None:
    with asyncio.Runner() as runner:
        clock = ManualClock(MORNING)

        async def opened() -> tuple[OpenStores, Shelf]:
            stores = open_stores(database_url, home=tmp_path)
            rows = await stores.accounts.bring_in([("service", "wechat", "wx-realm", "服务号")])
            visitors = Visitors(stores.log, rows["service"], clock)
            customers = {who: (await visitors.say(who, "您好")).person.customer_id for who in PEOPLE}
            return stores, Shelf(stores, Guests(account=rows["service"], customers=customers), clock)

        stores, shelf = runner.run(opened())
        try:
            run_machine(lambda number: Units(shelf, runner, number), examples=8, steps=20)
        finally:
            runner.run(stores.close())
