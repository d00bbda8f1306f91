"""A campaign manager makes a segment in the console: counted as the form fills, saved, sampled, explained, removed."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import urlencode

import pytest

from handlers.facts.sheets import Sheet
from storage.viewer import COMMAND_LINE
from tests.browser.console.desk import Desk, open_desk
from tests.fakes.clock import ManualClock
from tests.fakes.stores import OpenStores

ROWS = [
    ["openid", "有车", "所在城市"],
    ["z1", "是", "上海"],
    ["z2", "是", "<b>北京</b>"],
    ["w1", "否", "上海"],
    ["b1", "是", "上海"],
]


@pytest.fixture
async def desk(stores: OpenStores, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        desk = await open_desk(stores, clock=clock, home=tmp_path, stack=stack, whole=True)
        digest = hashlib.sha256(b"list").digest()
        await desk.people.lists.run(Sheet(name="名单", digest=digest, rows=enumerate(ROWS, 1)), viewer=COMMAND_LINE)
        yield desk


_FORM = {
    "joined": "all",
    "about0": "fact:finance.has_car",
    "sign0": "is",
    "text0": "是",
    "about1": "fact:person.city",
    "sign1": "in",
    "text1": "上海、广州",
}


async def test_the_form_counts_as_it_is_filled_in_within_the_scope(desk: Desk) -> None:
    clerk = await desk.clerk("qian")
    counted = await clerk.get(f"/console/segments/count?{urlencode(_FORM)}", HX_Request="true")
    wrong = await clerk.get(f"/console/segments/count?{urlencode(_FORM | {'text0': '大概'})}", HX_Request="true")
    empty = await clerk.get("/console/segments/count", HX_Request="true")

    # b1 is in, too: of another branch, whom this manager does not see.
    assert "1 位客户" in counted.text
    assert "有车：是" in counted.text
    assert "所在城市：上海或广州" in counted.text
    assert "大概 不是“是”或“否”；写“是”或“否”" in wrong.text
    assert "选择至少一个条件" in empty.text


async def test_a_segment_is_saved_shown_sampled_explained_and_removed(desk: Desk) -> None:
    clerk = await desk.clerk("qian")
    form = {"csrf": await clerk.token("/console/segments/new"), "id": "car-owners", "title": "<i>车主</i>", **_FORM}
    saved = await clerk.post("/console/segments/save", form)
    again = await clerk.post("/console/segments/save", form)
    address = "/console/segments/one/car-owners"
    z1, z2, b1 = (desk.firm.customers[person] for person in ("z1", "z2", "b1"))
    shown = await clerk.get(f"{address}?sample=1")
    inside = await clerk.get(f"{address}?customer={z1}")
    outside = await clerk.get(f"{address}?customer={z2}")
    foreign = await clerk.get(f"{address}?customer={b1}")
    removed = await clerk.post(f"{address}/remove", {"csrf": form["csrf"], "version": "1"})

    assert (saved.status, saved.headers["Location"]) == (303, "/console/segments?told=saved")
    assert again.status == 409
    assert "这个代号已经有了" in again.text
    assert "<i>" not in shown.text
    assert f"客户 {z1}" in shown.text
    assert f"客户 {z2}" not in shown.text
    assert f"客户 {z1} 在这个客群里" in inside.text
    assert f"客户 {z2} 不在这个客群里" in outside.text
    # What somebody else's list says is shown as words, never as a page.
    assert "&lt;b&gt;北京" in outside.text
    assert "<b>" not in outside.text
    assert "没有找到" in foreign.text
    assert removed.headers["Location"] == "/console/segments?told=removed"
    assert (await clerk.get(address)).status == 404
    rows = await desk.people.audit.entries(limit=50)
    done = [(row["action"], row["subject"], row["detail"]) for row in rows]
    assert ("changed", "segment", "car-owners 1") in done
    assert ("sampled", "segment", "car-owners 1") in done
    assert ("explained", "customer", "car-owners") in done
    assert ("removed", "segment", "car-owners 2") in done


async def test_who_has_changed_it_meanwhile_wins(desk: Desk) -> None:
    clerk = await desk.clerk("qian")
    rule = {"fact": "finance.has_car", "is": True}
    for after in (0, 1):
        await desk.people.shelf.save(COMMAND_LINE, {"id": "cars", "title": "车主", "rule": rule}, after=after)
    token = await clerk.token("/console/segments/new")
    late = await clerk.post("/console/segments/one/cars/remove", {"csrf": token, "version": "1"})

    assert late.status == 409
    assert (await clerk.get("/console/segments/one/cars")).status == 200
