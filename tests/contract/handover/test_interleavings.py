"""Anything that customers, staff, the clock and kills can do in any order, against what must hold of a handover."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Final, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from storage.handover_moves import MAY_FOLLOW
from storage.tables.handover import HandoverState
from tests.contract.handover.house import MORNING, House
from tests.fakes.clock import ManualClock
from tests.fakes.firm import REALM, Firm
from tests.fakes.stores import OpenStores, open_stores
from tests.state_machines import run_machine

T = TypeVar("T")
PEOPLE: Final = ("z1", "l1", "w1", "nobody's")
STAFF: Final = ("zhang", "li", "wang", "sun")
PARALLEL: Final = 2
_person, _staff = st.sampled_from(PEOPLE), st.sampled_from(STAFF)


class Lines(RuleBasedStateMachine):
    """Four customers, four members of staff, two of whom may have two customers each."""

    def __init__(self, house: House, runner: asyncio.Runner) -> None:
        super().__init__()
        self.house = house
        self.runner = runner
        self.run(self._clear())
        self.states: dict[int, HandoverState] = {}
        #: By words of staff whom they were meant for; written once each.
        self.meant: dict[str, int] = {}
        self.count = 0

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(coroutine)

    async def _clear(self) -> None:
        """Let everybody go home: an example begins with an empty line."""
        for table in ("handover", "handover_offer", "handover_hold", "handover_reply", "handover_copy", "duty"):
            await self.house.stores.change(f"DELETE FROM {table}")
        await self.house.stores.change("UPDATE reach SET handover_id = NULL, handover_state = NULL")
        await self.house.stores.change("DELETE FROM delivery")

    def _number(self, person: str) -> int:
        rows = self.run(
            self.house.stores.rows(
                "SELECT h.id FROM handover h JOIN identity i ON i.id = h.identity_id "
                "WHERE i.external_id = :person ORDER BY h.id DESC",
                person=person,
            )
        )
        return int(rows[0]["id"]) if rows else 0

    @rule(person=_person, words=st.sampled_from(["人工", "在吗", "结束", "4"]), anew=st.booleans())
    def customer_says(self, person: str, words: str, anew: bool) -> None:
        self.run(self.house.says(person, words))
        if anew:
            self.run(self.house.again(self.house.last_turn))

    @rule(userid=_staff, words=st.sampled_from(["上班", "上班", "下班", "我的接待"]))
    def comes_or_goes(self, userid: str, words: str) -> None:
        self.run(self.house.writes(userid, words))

    @rule(userid=_staff, person=_person, step=st.sampled_from(["take", "take", "pass"]), anew=st.booleans())
    def taps(self, userid: str, person: str, step: str, anew: bool) -> None:
        self.run(self.house.taps(userid, f"handover.{step}.{self._number(person)}"))
        if anew:
            self.run(self.house.again(self.house.last_turn))

    @rule(userid=_staff, person=_person, anew=st.booleans())
    def replies(self, userid: str, person: str, anew: bool) -> None:
        number, words = self._number(person), self._words()
        self.meant[words] = number
        self.run(self.house.writes(userid, f"#{number} {words}"))
        if anew:
            self.run(self.house.again(self.house.last_turn))

    @rule(userid=_staff, people=st.permutations(PEOPLE))
    def says_without_a_number(self, userid: str, people: list[str]) -> None:
        words = self._words()
        self.run(self.house.writes(userid, words))
        rows = self.run(self.house.stores.rows("SELECT max(id) AS id FROM handover_hold"))
        for person in people[:2]:
            number = self._number(person)
            answer = self.run(self.house.taps(userid, f"handover.to.{rows[0]['id'] or 0}.{number}"))
            if answer and answer[0].startswith("已发给"):
                self.meant.setdefault(words, number)

    @rule(userid=_staff, person=_person, to=st.sampled_from(["Zhang", "Li", "Wang"]))
    def passes_or_closes(self, userid: str, person: str, to: str) -> None:
        number = self._number(person)
        self.run(self.house.writes(userid, f"转 #{number} {to}" if to != "Wang" else f"结束 #{number}"))

    @rule(seconds=st.sampled_from([1, 95, 95, 400, 1900, 6 * 3600, 15 * 3600]), twice=st.booleans())
    def time_passes(self, seconds: int, twice: bool) -> None:
        offers = self.run(self.house.stores.count("handover_offer"))
        self.run(self.house.round(after=seconds))
        if twice:
            self.run(self.house.round())
        self._new_offers_are_on_duty(offers)

    def _words(self) -> str:
        self.count += 1
        return f"答复{self.count}"

    def _new_offers_are_on_duty(self, before: int) -> None:
        rows = self.run(
            self.house.stores.rows(
                "SELECT o.staff_id, d.id AS duty FROM handover_offer o LEFT JOIN duty d ON d.staff_id = o.staff_id "
                "AND d.since <= o.offered_at AND (d.ended_at IS NULL OR d.ended_at >= o.offered_at) ORDER BY o.id"
            )
        )
        assert all(row["duty"] is not None for row in rows[before:]), "an offer to somebody who was not there"

    @invariant()
    def states_go_along_the_table(self) -> None:
        rows = self.run(self.house.stores.rows("SELECT id, state FROM handover"))
        for row in rows:
            after, before = HandoverState(row["state"]), self.states.get(row["id"])
            assert before is None or after is before or after in _reachable(before), (before, after)
            self.states[row["id"]] = after

    @invariant()
    def one_customer_has_one_agent_and_reach_knows_it(self) -> None:
        rows = self.run(
            self.house.stores.rows(
                "SELECT r.identity_id, r.handover_id, r.handover_state, h.id, h.state, h.staff_id FROM reach r "
                "LEFT JOIN handover h ON h.identity_id = r.identity_id AND h.account_id = r.account_id "
                "AND h.state <> 'closed'"
            )
        )
        assert len({row["identity_id"] for row in rows}) == len(rows), "two open handovers of one customer"
        assert all((row["handover_id"], row["handover_state"]) == (row["id"], row["state"]) for row in rows)
        assert all((row["staff_id"] is not None) == (row["state"] in ("offered", "running")) for row in rows)
        standing = self.run(
            self.house.stores.rows(
                "SELECT handover_id, count(*) AS n FROM handover_offer WHERE ended_at IS NULL GROUP BY 1"
            )
        )
        offered = {row["id"] for row in rows if row["state"] == "offered"}
        assert {row["handover_id"]: row["n"] for row in standing} == dict.fromkeys(offered, 1)

    @invariant()
    def every_reply_reached_whom_it_was_meant_for_and_once(self) -> None:
        rows = self.run(
            self.house.stores.rows(
                "SELECT c.fields, h.id FROM delivery d JOIN handover_reply p ON p.key = d.idempotency_key "
                "JOIN content c ON c.account_id = d.account_id AND c.seq = d.out_seq "
                "JOIN handover h ON h.identity_id = d.identity_id AND h.id = p.handover_id"
            )
        )
        sent = [(words, row["id"]) for row in rows for words in self.meant if f'"{words}"' in row["fields"]]
        assert len(sent) == len(rows), "words that nobody meant for a customer"
        assert len(set(sent)) == len(sent), "said twice"
        assert all(self.meant[words] == number for words, number in sent)


def _reachable(state: HandoverState) -> set[HandoverState]:
    """Return what may follow a state over any number of steps: one rule can bring several."""
    found: set[HandoverState] = set()
    while more := {after for before in {state, *found} for after in MAY_FOLLOW[before]} - found:
        found |= more
    return found


def test_whatever_happens_in_whatever_order(database_url: str, tmp_path: Path) -> None:
    with asyncio.Runner() as runner:
        clock = ManualClock(MORNING)

        async def opened() -> tuple[OpenStores, House]:
            stores = open_stores(database_url, home=tmp_path)
            accounts = [("service", "wechat", "wx-realm", "服务号"), ("helper", "wecom", REALM, "助手")]
            rows = await stores.accounts.bring_in(accounts)
            await Firm(stores, rows["service"], clock).found()
            return stores, House(stores, clock, rows, tmp_path, parallel=PARALLEL)

        stores, house = runner.run(opened())
        try:
            run_machine(lambda _: Lines(house, runner), examples=8, steps=25)
        finally:
            runner.run(stores.close())
