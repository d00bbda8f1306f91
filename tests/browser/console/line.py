"""People who asked for a person: one is served by zhang, one by li, two wait, one left a message at night."""

from __future__ import annotations

from handlers.handover.serving import Serving
from storage.duty import Duties
from storage.handovers import Handovers
from storage.records import Recorded
from storage.tables.handover import HandoverState
from tests.browser.console.desk import Desk
from tests.browser.console.story import PERSON
from tests.fakes.firm import REALM
from tests.fakes.visitors import LEASE, turn


async def form_line(desk: Desk) -> int:
    """Let it be so; return the number of zhang's."""
    for userid in ("zhang", "li"):
        viewer = await desk.firm.viewer(userid)
        await Duties(desk.stores.database).begin(viewer.staff_id or 0, viewer=viewer, now=desk.clock.now())
    served = await _serve(desk, PERSON, "zhang")
    await _says(desk, PERSON, "我上周三在华山医院做的手术，发票和出院小结都寄出去了，什么时候能到账？")
    await _serve(desk, "l1", "li")
    await desk.firm.hand_over("z1")
    await desk.firm.hand_over("nobody's")
    left = await _says(desk, "z2", "晚上打扰了，想问问保单复效")
    await Handovers(desk.stores.database).open(
        account_id=left.account_id,
        identity_id=left.person.identity_id,
        seq=left.seq,
        state=HandoverState.LEFT_MESSAGE,
        now=desk.clock.now(),
    )
    await _handle_the_rest(desk)
    return served


async def _handle_the_rest(desk: Desk) -> None:
    """Let nothing wait that the bot would have handled at once."""
    handling, now = desk.stores.handling, desk.clock.now()
    await handling.release_all(now=now)
    accounts = [desk.account.id]
    for lease, pending in await handling.claim_abandoned(
        accounts=accounts, holder="pictures", now=now, until=now + LEASE, limit=100
    ):
        await handling.finish(turn(lease, [item.seq for item in pending], now=now))


async def _serve(desk: Desk, person: str, userid: str) -> int:
    number, viewer = await desk.firm.hand_over(person), await desk.firm.viewer(userid)
    serving = Serving(viewer=viewer, realm=REALM, userid=userid)
    _, row = await desk.rooms.serving.accept(serving, number)
    assert row is not None
    found = await Handovers(desk.stores.database).get(number)
    assert found is not None
    await desk.rooms.serving.reply(serving, found, "您好，我是您的服务专员，正在为您查理赔进度。", key=f"line:{number}")
    return number


async def _says(desk: Desk, person: str, words: str) -> Recorded:
    return await desk.visitors().say(person, words, key=f"{person}: {words}")
