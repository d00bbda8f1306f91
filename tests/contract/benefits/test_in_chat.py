"""Benefits as customers meet them in chat: what there is, a claim, what is theirs, a reminder; in plain words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from content.benefit_codes import is_ours
from content.masking import mask
from handlers.benefits.desk import BenefitDesk
from handlers.benefits.rounds import BenefitRound
from handlers.conversation.elder_form import ElderForm
from handlers.conversation.phrasing import Phrasing
from handlers.conversation.routes import build_routes
from storage.benefit_ticks import BenefitTicks
from storage.viewer import COMMAND_LINE
from tests.contract.benefits.shelf import Shelf, authored
from tests.contract.handover.house import House
from tests.fakes.clock import ManualClock
from tests.fakes.firm import REALM
from tests.fakes.handover_rooms import CONTENT, kit_of
from tests.fakes.stores import OpenStores


class Chat:
    """The bot with a catalogue behind it."""

    def __init__(self, house: House, shelf: Shelf) -> None:
        self.house, self.shelf = house, shelf
        self._ticks = BenefitTicks(shelf.stores.database)
        self.desk = BenefitDesk(CONTENT.benefits, Phrasing(CONTENT), claims=shelf.claims, clock=shelf.clock)
        house.with_benefits(self.desk)

    async def says(self, words: str, person: str = "z1", *, option: str | None = None) -> str:
        """Let a customer write; return what is answered."""
        return "\n".join(await self.house.says(person, words, option=option))

    async def again(self) -> str:
        """Let the last turn be made anew, as after a kill."""
        return "\n".join(await self.house.again(self.house.last_turn))

    async def round(self, **reminder: Any) -> None:
        """Let a leader who has just become one look at benefits."""
        await self.leader(**reminder).run()

    def leader(self, **reminder: Any) -> BenefitRound:
        """Return who looks at benefits."""
        authored = CONTENT.benefits.model_copy(
            update={"reminder": CONTENT.benefits.reminder.model_copy(update=reminder)}
        )
        account = self.house.service
        return BenefitRound(
            authored,
            ticks=self._ticks,
            accounts={account.id: kit_of(account).served},
            form=ElderForm(CONTENT),
            version=CONTENT.version,
            least=1,
            clock=self.shelf.clock,
            on_outbox=lambda: None,
        )


@pytest.fixture
async def chat(stores: OpenStores, shelf: Shelf, clock: ManualClock, tmp_path: Path) -> Chat:
    rows = await stores.accounts.bring_in(
        [("service", "wechat", "wx-realm", "服务号"), ("helper", "wecom", REALM, "助手")]
    )
    return Chat(House(stores, clock, rows, tmp_path), shelf)


async def test_a_claim_is_answered_with_code_guide_and_validity_and_found_among_ones_own(chat: Chat) -> None:
    benefit = await chat.shelf.put(authored(title="体检", valid_days=90))
    assert "点选或回复序号" in await chat.says("领取")
    told = await chat.says("体检", option=f"benefit.claim.{benefit.id}")
    code = told.partition("券码：")[2].split()[0]
    assert is_ours(code)
    assert "「体检」领取成功" in told
    assert "有效期至 2026-08-04" in told
    assert "到店报券码。" in told
    mine = await chat.says("我的权益")
    assert f"「体检」券码：{code}\n有效期至 2026-08-04\n到店报券码。" in mine
    await chat.shelf.moves.redeem(code, place="静安", key="", viewer=COMMAND_LINE, now=chat.shelf.clock.now())
    used = await chat.says("我的权益")
    assert code not in used
    assert "您现在没有可以使用的权益" in used
    assert "「体检」已于 2026-05-06 使用" in used


async def test_a_benefit_is_claimed_by_its_name(chat: Chat) -> None:
    await chat.shelf.put(authored(title="洗牙"))
    for words in ("领取洗牙", "我要领取「洗牙」。"):
        told = await chat.says(words, "z1" if words == "领取洗牙" else "l1")
        assert "「洗牙」领取成功" in told


async def test_a_turn_made_anew_is_told_the_same_and_takes_no_second_unit(chat: Chat) -> None:
    benefit = await chat.shelf.put(authored(title="洗牙", per_person=None))
    told = await chat.says("领取洗牙")
    assert await chat.again() == told
    assert (await chat.shelf.figures(benefit)).granted == 1


REFUSALS: dict[str, tuple[dict[str, Any], int, str]] = {
    "sold out": ({}, 0, "「洗牙」已经领完了。"),
    "the cap": ({"spend_cap": Decimal(1)}, 3, "「洗牙」已经领完了。"),
    "not begun": ({"valid_from": date(2026, 6, 1)}, 3, "「洗牙」从 2026-06-01 起可以领取。"),
    "over": ({"valid_until": date(2026, 5, 1)}, 3, "「洗牙」已经不能领取了。"),
    "no consent": ({"eligibility": {"consents": ["marketing"]}}, 3, "「隐私设置」"),
    "no policy": ({"eligibility": {"bound_policy": True}}, 3, "「绑定保单」"),
    "elsewhere": ({"eligibility": {"accounts": ["other"]}}, 3, "「洗牙」不能在这里领取。"),
}


@pytest.mark.parametrize(("more", "units", "words"), REFUSALS.values(), ids=REFUSALS)
async def test_who_gets_none_is_told_plainly_why(chat: Chat, more: dict[str, Any], units: int, words: str) -> None:
    await chat.shelf.put(authored(title="洗牙", **more), units=units)
    assert words in await chat.says("领取洗牙")


async def test_who_has_one_is_told_that_they_have(chat: Chat) -> None:
    await chat.shelf.put(authored(title="洗牙"))
    await chat.says("领取洗牙")
    assert "您已经领过「洗牙」了，每人最多 1 份" in await chat.says("领取洗牙")


async def test_what_names_no_benefit_is_answered_by_others(chat: Chat) -> None:
    general = await chat.says("权益")
    assert general
    assert "您的权益" not in general
    await chat.shelf.put(authored(title="洗牙"))
    for words in ("领取生存金", "领取", "我的权益"):
        assert "洗牙" not in await chat.says(words) or words == "领取"
    for option in ("benefit.claim.", "benefit.claim.x", "benefit.claim.99999", f"benefit.claim.{'9' * 40}"):
        assert "领取成功" not in await chat.says("点", option=option)


async def test_a_long_list_of_ones_own_says_how_many_more_there_are(chat: Chat) -> None:
    for number in range(4):
        await chat.shelf.put(authored(f"b{number}", title=f"权益{number}", guide="很" * 250), units=1)
        await chat.says(f"领取权益{number}")
    mine = await chat.says("我的权益")
    assert len(mine.encode()) <= 2048
    shown = mine.count("券码：")
    assert f"还有 {4 - shown} 项没有列出" in mine


async def test_staff_see_no_more_than_the_end_of_a_code(chat: Chat) -> None:
    await chat.shelf.put(authored(title="洗牙"))
    own = await chat.shelf.put(authored("foreign", title="道路救援"), units=0)
    await chat.shelf.stock.put_in(own.id, ["rescue/778899"], viewer=COMMAND_LINE, now=chat.shelf.clock.now())
    for told in (await chat.says("领取洗牙"), await chat.says("领取道路救援")):
        code = told.partition("券码：")[2].split()[0]
        assert code not in mask(told)
        assert code[-4:] in mask(told)


async def test_who_has_one_that_expires_soon_is_reminded_once_by_day_and_not_of_the_code(chat: Chat) -> None:
    benefit = await chat.shelf.put(authored(title="洗牙", valid_until=date(2026, 5, 14)))
    code = await chat.shelf.code(benefit, "z1")
    heard: Callable[[], Any] = lambda: chat.house.posted(chat.house.service, "z1")  # noqa: E731
    await chat.round()
    assert await heard() == []
    await chat.shelf.clock.advance(timedelta(days=1, hours=13).total_seconds())
    await chat.says("您好")
    await chat.round()
    assert await heard() == [], "it is eleven at night"
    await chat.shelf.clock.advance(timedelta(hours=12).total_seconds())
    for _ in range(2):
        await chat.round()
    [reminder] = await heard()
    assert "您的「洗牙」将于 2026-05-14 到期" in reminder["content"]
    assert code not in reminder["content"]
    [row] = await chat.shelf.stores.rows("SELECT purpose, state FROM delivery")
    assert (row["purpose"], row["state"]) == ("service", "due")


async def test_a_leader_who_found_nobody_to_remind_looks_again_after_five_minutes(chat: Chat) -> None:
    benefit = await chat.shelf.put(authored(title="洗牙", valid_until=date(2026, 5, 8)))
    await chat.shelf.stores.change("UPDATE reach SET unreachable = 'blocked'")
    await chat.shelf.granted(benefit, "z1")
    leader = chat.leader()
    await leader.run()
    await chat.shelf.stores.change("UPDATE reach SET unreachable = NULL")
    for seconds, told in ((299, 0), (2, 1)):
        await chat.shelf.clock.advance(seconds)
        await leader.run()
        assert len(await chat.house.posted(chat.house.service, "z1")) == told


async def test_the_bot_reminds_nobody_who_waits_for_a_person_of_ours(chat: Chat) -> None:
    benefit = await chat.shelf.put(authored(title="洗牙", valid_until=date(2026, 5, 8)))
    await chat.shelf.granted(benefit, "z1")
    await chat.says("人工")
    before = await chat.house.posted(chat.house.service, "z1")
    await chat.round()
    assert await chat.house.posted(chat.house.service, "z1") == before
    await chat.shelf.stores.change("UPDATE handover SET state = 'closed'")
    await chat.round()
    assert "您的「洗牙」将于" in (await chat.house.posted(chat.house.service, "z1"))[-1]["content"]


async def test_what_is_used_is_reminded_of_no_more_and_what_ends_expires(chat: Chat) -> None:
    benefit = await chat.shelf.put(authored(title="洗牙", valid_until=date(2026, 5, 8)))
    used, kept = [await chat.shelf.code(benefit, person) for person in ("z1", "l1")]
    now = chat.shelf.clock.now()
    await chat.shelf.moves.redeem(used, place="静安", key="", viewer=COMMAND_LINE, now=now)
    await chat.round()
    assert await chat.house.posted(chat.house.service, "z1") == []
    assert len(await chat.house.posted(chat.house.service, "l1")) == 1
    await chat.shelf.clock.advance(timedelta(days=3).total_seconds())
    await chat.round()
    figures = await chat.shelf.figures(benefit)
    assert (figures.redeemed, figures.expired) == (1, 1)
    assert kept not in await chat.says("我的权益", "l1")


def test_the_routes_of_benefits_come_before_the_answers_and_wait(chat_routes: tuple[Any, ...]) -> None:
    names = [route.name for route in chat_routes]
    assert names.index("benefits.claim") < names.index("menu.option") < names.index("answers")
    assert all(route.waits for route in chat_routes if route.name.startswith("benefits."))


@pytest.fixture
def chat_routes(shelf: Shelf) -> tuple[Any, ...]:
    desk = BenefitDesk(CONTENT.benefits, Phrasing(CONTENT), claims=shelf.claims, clock=shelf.clock)
    return build_routes(CONTENT, benefits=desk)
