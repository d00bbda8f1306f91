"""Whoever is erased is gone from the chat of staff, too, and nobody waits for them any more."""

from __future__ import annotations

from pathlib import Path

from bot.privacy import build_erasing, build_wishes
from bot.settings import Settings
from content.messages import Text
from storage.records import Way
from storage.viewer import COMMAND_LINE
from tests.contract.handover.house import House
from tests.fakes.firm import Firm
from tests.fakes.handover_rooms import CONTENT
from tests.fakes.visitors import lease_of, turn


async def test_staff_chat_keeps_nothing_of_who_is_erased_and_their_handover_ends(
    house: House, firm: Firm, tmp_path: Path
) -> None:
    await house.on_duty("zhang")
    await house.serve("z1", "zhang")
    await house.serve("z2", "zhang")
    await house.says("z1", "我的秘密是青石板")
    await house.writes("zhang", "#1 青石板收到")
    await house.says("z2", "我家住槐树巷")
    await _list(house, "zhang")
    settings = Settings(home=tmp_path)
    wishes = build_wishes(house.stores.database, settings=settings, clock=house.clock)
    await wishes.erase(COMMAND_LINE, firm.customers["z1"], "asked for")
    await house.clock.advance(180)  # an answer that is under way may hold it up so long
    await build_erasing(house.stores.database, CONTENT.retention, settings=settings, clock=house.clock).run()

    contents = "".join(row["fields"] for row in await house.stores.rows("SELECT fields FROM content"))
    # Nor does the list of whom they serve, which repeats what each said last.
    assert "青石板" not in contents
    assert "槐树巷" in contents
    rows = await house.stores.rows("SELECT id, state, closed_by, name FROM handover ORDER BY id")
    assert [(row["id"], row["state"], row["closed_by"]) for row in rows] == [
        (1, "closed", "erasure"),
        (2, "running", None),
    ]
    assert "不是您正在接待的客户" in (await house.writes("zhang", "#1 还在吗"))[0]
    await house.round()


async def _list(house: House, userid: str) -> None:
    """Let somebody ask whom they serve, and the answer be written as a turn of theirs is."""
    arrival = house.members.arrival(userid, Text(content="我的接待"))
    said = await house.stores.log.record(arrival)
    [listed] = await house.again(await house.turn(said, arrival.inbound))
    assert "青石板" in listed
    await house.stores.handling.finish(
        turn(lease_of(said, holder="desk"), [said.seq], listed, now=house.clock.now(), way=Way.HTTP)
    )
