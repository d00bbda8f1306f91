"""What people read of a conversation shows no whole phone number; the log keeps it."""

from __future__ import annotations

from content.masking import mask
from handlers.people.reading import Reading
from storage.audit import Audit
from storage.customer_cards import CustomerCards
from storage.timeline import Timeline
from storage.viewer import COMMAND_LINE
from tests.fakes.clock import ManualClock
from tests.fakes.firm import Firm
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import Visitors


async def test_a_timeline_is_masked_and_the_log_is_not(stores: OpenStores, firm: Firm, clock: ManualClock) -> None:
    rows = await stores.accounts.bring_in([("service", "wechat", "wx-realm", "服务号")])
    said = "请打一三八 1234 五六七八，保额100000元"
    await Visitors(stores.log, rows["service"], clock, holder="masked").say("z1", said)
    timeline = Timeline(stores.database)
    reading = Reading(
        cards=CustomerCards(stores.database), timeline=timeline, audit=Audit(stores.database), clock=clock
    )

    shown = await reading.timeline(await firm.viewer("zhang"), firm.customers["z1"], limit=1)
    kept = await timeline.page(firm.customers["z1"], viewer=COMMAND_LINE, limit=1)

    assert [(message.fields or {})["content"] for message in shown] == ["请打一三八 **** 五六七八，保额100000元"]
    assert [(message.fields or {})["content"] for message in kept] == [said]
    assert mask(said) != said
