"""The platforms' registers over real HTTP: what is asked for, what is read of the answers, and what is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest

from bot.channels.api import PlatformApi
from bot.channels.tokens import TokenKeeper
from bot.channels.wechat.client import WechatTokens
from bot.channels.wechat.register import WechatRegister
from bot.channels.wecom.client import WecomTokens
from bot.channels.wecom.register import WecomRegister
from handlers.delivery.errors import QuotaExhausted, Rejected, Unreachable
from handlers.sync.ports import IdPage, ListedMember, Presence
from storage.staged_followers import StagedPerson, TagName
from storage.sync_members import KnownDepartment
from tests.fakes.clock import ManualClock
from tests.fakes.scripted_platform import Reply, ScriptedPlatform, serve
from tests.unit.bot.channels.token_shelf import TokenShelf


@pytest.fixture
def platform() -> ScriptedPlatform:
    return ScriptedPlatform()


@pytest.fixture
async def api(platform: ScriptedPlatform) -> AsyncIterator[PlatformApi]:
    async with serve(platform) as address, aiohttp.ClientSession() as http:
        yield PlatformApi(http=http, base_url=address, clock=ManualClock(), connect_seconds=1, answer_seconds=0.3)


@pytest.fixture
def wechat(api: PlatformApi) -> WechatRegister:
    fetch = WechatTokens(api=api, app_id="wx1", secret="s").fetch
    return WechatRegister(
        api=api, tokens=TokenKeeper(key="wx1:x", store=TokenShelf(), fetch=fetch, clock=ManualClock())
    )


@pytest.fixture
def wecom(api: PlatformApi) -> WecomRegister:
    def keeper(secret: str) -> TokenKeeper:
        fetch = WecomTokens(api=api, corp_id="ww1", secret=secret).fetch
        return TokenKeeper(key=f"ww1:{secret}", store=TokenShelf(), fetch=fetch, clock=ManualClock())

    return WecomRegister(api=api, tokens=keeper("app"), contacts=keeper("contacts"))


def _answers(platform: ScriptedPlatform, *fields: dict[str, Any]) -> None:
    platform.script.extend(Reply(fields=each) for each in fields)


async def test_followers_are_listed_from_behind_the_cursor_and_an_empty_page_is_the_last(
    platform: ScriptedPlatform, wechat: WechatRegister
) -> None:
    page = {"total": 3, "count": 2, "data": {"openid": ["o1", "o2"]}, "next_openid": "o2"}
    _answers(platform, page, {"total": 3, "count": 0, "next_openid": "o2"})

    assert await wechat.followers("") == IdPage(external_ids=("o1", "o2"), cursor="o2", total=3)
    assert await wechat.followers("o2") == IdPage(external_ids=(), cursor="", total=3)
    assert [call.query.get("next_openid") for call in platform.calls] == [None, "o2"]


async def test_what_is_said_of_a_follower_is_read(platform: ScriptedPlatform, wechat: WechatRegister) -> None:
    known = {
        "subscribe": 1,
        "openid": "o1",
        "subscribe_time": 1700000000,
        "unionid": "u1",
        "subscribe_scene": "ADD_SCENE_QR_CODE",
        "qr_scene": 0,
        "qr_scene_str": "poster",
    }
    _answers(platform, {"user_info_list": [known, {"subscribe": 0, "openid": "o2"}]})
    people = await wechat.infos(["o1", "o2"])

    assert people == [
        StagedPerson(
            external_id="o1",
            follows=True,
            union_id="u1",
            since=datetime.fromtimestamp(1700000000, UTC),
            scene="ADD_SCENE_QR_CODE",
            code="poster",
        ),
        StagedPerson(external_id="o2", follows=False),
    ]
    assert platform.calls[0].payload["user_list"][1] == {"openid": "o2", "lang": "zh_CN"}


async def test_tags_and_their_bearers_are_read(platform: ScriptedPlatform, wechat: WechatRegister) -> None:
    bearers = {"count": 1, "data": {"openid": ["o1"]}, "next_openid": "o1"}
    _answers(platform, {"tags": [{"id": 100, "name": "车险", "count": 1}]}, bearers)

    assert await wechat.tags() == [TagName(tag_id=100, name="车险")]
    assert await wechat.tagged(100, "") == IdPage(external_ids=("o1",), cursor="o1")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"errcode": 45009}, QuotaExhausted),
        ({"errcode": 40003}, Unreachable),
        ({"total": 1, "count": 1, "data": {"openid": [7]}}, Rejected),
        ({"total": 1, "count": 1, "data": {"openid": "o1"}}, Rejected),
    ],
)
async def test_what_cannot_be_read_of_a_list_is_an_error(
    platform: ScriptedPlatform, wechat: WechatRegister, fields: dict[str, Any], expected: type[Exception]
) -> None:
    _answers(platform, fields)
    with pytest.raises(expected):
        await wechat.followers("o1")


async def test_departments_and_members_are_read_with_the_main_department_first(
    platform: ScriptedPlatform, wecom: WecomRegister
) -> None:
    member = {"userid": "ZhangWei", "name": "张伟", "department": [3, 2], "main_department": 2, "status": 1}
    off = {"userid": "LiNa", "name": "李娜", "department": [2], "status": 2}
    _answers(
        platform,
        {"errcode": 0, "department": [{"id": 2, "name": "上海", "parentid": 1}]},
        {"errcode": 0, "userlist": [member, off]},
    )

    assert await wecom.departments() == [KnownDepartment(id=2, name="上海", parent_id=1)]
    assert await wecom.members(2) == [
        ListedMember(userid="ZhangWei", name="张伟", departments=(2, 3), is_enabled=True),
        ListedMember(userid="LiNa", name="李娜", departments=(2,), is_enabled=False),
    ]


async def test_everybodys_ids_come_by_cursor_with_the_address_books_own_token(
    platform: ScriptedPlatform, wecom: WecomRegister
) -> None:
    _answers(
        platform,
        {"errcode": 0, "dept_user": [{"userid": "ZhangWei", "department": 2}], "next_cursor": "c1"},
        {"errcode": 0, "dept_user": [{"userid": "lina", "department": 2}], "next_cursor": ""},
    )

    assert await wecom.all_ids() == frozenset({"zhangwei", "lina"})
    assert [call.payload["cursor"] for call in platform.calls] == ["", "c1"]
    assert platform.token_calls[0].query["corpsecret"] == "contacts"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"errcode": 0, "userid": "a", "status": 1}, Presence.ENABLED),
        ({"errcode": 0, "userid": "a", "status": 5}, Presence.DISABLED),
        ({"errcode": 60111}, Presence.GONE),
        ({"errcode": 60011}, Presence.HIDDEN),
    ],
)
async def test_one_member_is_there_disabled_gone_or_out_of_sight(
    platform: ScriptedPlatform, wecom: WecomRegister, fields: dict[str, Any], expected: Presence
) -> None:
    _answers(platform, fields)
    assert await wecom.presence("a") is expected
