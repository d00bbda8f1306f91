"""Pictures in a handover over real HTTP: both ways, to exactly the right person; what is said when one is not had."""

from __future__ import annotations

from typing import Final

import pytest

from tests.scenario.conftest import OpenTown
from tests.scenario.handover import OPENING, Counter
from tests.scenario.places import ASSISTANT, SERVICE, Place

PNG: Final = b"\x89PNG\r\n\x1a\n"
JPEG: Final = b"\xff\xd8\xff\xe0"
OTHER: Final = Place(name="other")
_AGENT: Final = "ZhangWei"


def _serve(counter: Counter, *people: str) -> dict[str, str]:
    """Let people follow, ask and be accepted; return the number of each."""
    counter.town.follow(SERVICE, *people)
    numbers: dict[str, str] = {}
    for person in people:
        counter.customer_says(person, "转人工")
        counter.goes(lambda: len(counter.offers(_AGENT)) > len(numbers), f"the offer of {person}")
        numbers[person] = counter.offers(_AGENT)[-1]
        counter.tap(_AGENT, counter.cards(_AGENT)[-1], "接待")
        counter.waits_for(person, "正在为您服务")
    return numbers


def _gives(counter: Counter, media_id: str, number: str) -> str:
    """Let the agent send a picture and say by a tap whose it is; return what the application answers."""
    before = len(counter.cards(_AGENT))
    assert counter.town.act(ASSISTANT, _AGENT, "image", media_id=media_id)["shown"] == []
    counter.goes(lambda: len(counter.cards(_AGENT)) > before, "the card")
    card = counter.cards(_AGENT)[-1]
    assert card["main_title"]["title"] == "这张图片发给谁？"
    [told] = counter.tap(_AGENT, card, f".{number}")
    return told


pytestmark = pytest.mark.only_on("sqlite")  # what storage does of it, tests/contract/handover shows on both


def test_pictures_reach_exactly_who_they_are_for_and_what_is_not_had_is_told(open_town: OpenTown) -> None:
    town = open_town(places=[SERVICE, OTHER, ASSISTANT], rules={"oa_image_bytes": 2 << 20})
    counter = Counter(town)
    expired = town.picture(ASSISTANT, PNG + b"expired")
    town.advance(OPENING + 3 * 86_400 - town.now() + 1, step=10_800)
    counter.staff_says(_AGENT, "上班")
    claim, form = JPEG + b"the claim", PNG + b"the form" * 1000

    # Before anybody accepts: it comes with the acceptance, behind words that say whose it is.
    town.follow(SERVICE, "lin")
    town.act(SERVICE, "lin", "image", media_id=town.picture(SERVICE, claim))
    numbers = _serve(counter, "lin", "chen")
    lin, chen = numbers["lin"], numbers["chen"]
    counter.goes(lambda: town.pictures(ASSISTANT, _AGENT) == [claim], "the customer's picture")
    assert f"【客户 #{lin}】之前发来的图片：" in counter.told(_AGENT)

    # While they are served, both ways.
    assert town.act(SERVICE, "chen", "image", media_id=town.picture(SERVICE, form))["shown"] == []
    counter.is_told(_AGENT, f"【客户 #{chen}】\n[图片]")
    counter.goes(lambda: town.pictures(ASSISTANT, _AGENT) == [claim, form], "the second picture")
    policy = PNG + b"the policy"
    told = _gives(counter, town.picture(ASSISTANT, policy), chen)
    assert told.startswith(f"已发给 客户 #{chen}，还能回复 ")
    counter.goes(lambda: town.pictures(SERVICE, "chen") == [policy], "the agent's picture")
    assert town.pictures(SERVICE, "lin") == []
    out = [line for line in town.export(SERVICE) if line["content"].get("by") == "zhangwei"]
    assert [(line["kind"], line["content"]["kept_by"]) for line in out] == [("image", ASSISTANT.name)]

    # What cannot be had, is told with its reason; the words alone go.
    left = town.control("GET", f"/sandbox/chat?account={SERVICE.name}&person=lin")["quota"]["left"]
    large = town.picture(ASSISTANT, PNG + bytes(3 << 20))
    bitmap = town.picture(ASSISTANT, b"BM" + b"a bitmap")
    for media_id, reason in ((expired, "图片已过期"), (large, "图片太大"), (bitmap, "平台只收 JPG 和 PNG 图片")):
        assert _gives(counter, media_id, lin).startswith(f"已发给 客户 #{lin}")
        counter.is_told(_AGENT, f"刚才发给 客户 #{lin} 的回复没有送达：{reason}")
    assert town.pictures(SERVICE, "lin") == []
    assert town.control("GET", f"/sandbox/chat?account={SERVICE.name}&person=lin")["quota"]["left"] == left
    town.act(SERVICE, "lin", "image", media_id=town.picture(OTHER, claim))
    counter.is_told(_AGENT, f"【客户 #{lin}】\n[图片]")
    counter.is_told(_AGENT, f"【客户 #{lin}】的图片没能转来")
    assert town.pictures(ASSISTANT, _AGENT) == [claim, form]
    assert counter.staff_says(_AGENT, f"#{lin} 请再发一次")[0].startswith(f"已发给 客户 #{lin}")
    counter.waits_for("lin", "请再发一次")


def test_a_bot_that_is_killed_while_it_uploads_sends_the_picture_once(open_town: OpenTown) -> None:
    town = open_town(places=[SERVICE, ASSISTANT])
    counter = Counter(town)
    counter.until_open()
    counter.staff_says(_AGENT, "上班")
    number = _serve(counter, "lin")["lin"]
    with town.fault("slow", path="/cgi-bin/media/upload", account=SERVICE.name, seconds=5) as slow:
        _gives(counter, town.picture(ASSISTANT, PNG + b"the policy"), number)
        town.until_fault_hits(slow)
        town.kill_bot()
    assert ("claimed", None, 0) in town.deliveries(SERVICE, "lin")
    town.start_bot()
    counter.goes(lambda: town.pictures(SERVICE, "lin") == [PNG + b"the policy"], "the picture")
    assert town.settled(SERVICE, "lin", len(town.deliveries(SERVICE, "lin")))[-1] == ("sent", None, 1)
    assert town.record(what="call", path="/cgi-bin/media/upload", errcode=0) != []
    assert len(town.pictures(SERVICE, "lin")) == 1
