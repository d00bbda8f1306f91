"""The timeline of a customer, a page at a time, over all accounts."""

from __future__ import annotations

from storage.timeline import Place, Timeline
from storage.viewer import COMMAND_LINE
from tests.fakes.clock import ManualClock
from tests.fakes.firm import Firm
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import Visitors


async def _talk(stores: OpenStores, clock: ManualClock, person: str, count: int) -> None:
    rows = await stores.accounts.bring_in(
        [("service", "wechat", "wx-realm", "服务号"), ("second", "wechat", "wx-realm", "第二个号")]
    )
    visitors = [Visitors(stores.log, rows[name], clock, holder=f"talk-{name}") for name in ("service", "second")]
    for number in range(count):
        await visitors[number % 2].say(person, f"第{number}句", handle=False)
        await clock.advance(3600)


async def test_pages_show_every_message_once_the_newest_first(
    stores: OpenStores, firm: Firm, clock: ManualClock
) -> None:
    await _talk(stores, clock, "z1", 24)
    timeline, customer = Timeline(stores.database), firm.customers["z1"]
    whole = await timeline.page(customer, viewer=COMMAND_LINE, limit=1000)
    paged, before = [], None
    while page := await timeline.page(customer, viewer=COMMAND_LINE, limit=5, before=before):
        assert len(page) <= 5
        paged += page
        before = page[-1].place

    assert paged == whole
    assert len(whole) == 25
    order = [(said.at, said.account_id, said.seq) for said in whole]
    assert order == sorted(order, reverse=True)
    assert {said.account for said in whole} == {"service", "second"}


async def test_nothing_lies_before_the_beginning(stores: OpenStores, firm: Firm) -> None:
    before = Place(second=0, account_id=0, seq=0)
    timeline = Timeline(stores.database)
    assert await timeline.page(firm.customers["z1"], viewer=COMMAND_LINE, limit=5, before=before) == []


async def test_what_was_destroyed_is_shown_as_gone(stores: OpenStores, firm: Firm) -> None:
    await stores.change("DELETE FROM content")
    [said] = await Timeline(stores.database).page(firm.customers["z1"], viewer=COMMAND_LINE, limit=5)
    assert (said.kind, said.fields) == ("text", None)
