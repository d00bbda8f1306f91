"""Who follows an official account, and its tags: a `handlers.sync.ports.FollowerRegister`.

Source: WeChat docs "get the list of users" (10,000 a page, next_openid), "get users' information in a batch" (100 at
once), "tags".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bot.channels.api import PlatformApi
from bot.channels.tokens import TokenKeeper
from bot.channels.wechat.errors import ERRORS
from handlers.delivery.errors import Rejected
from handlers.sync.ports import IdPage
from storage.staged_followers import StagedPerson, TagName


class WechatRegister:
    """Reads the register of one official account. Every method raises ChannelError."""

    def __init__(self, *, api: PlatformApi, tokens: TokenKeeper) -> None:
        self._api = api
        self._tokens = tokens

    async def followers(self, cursor: str) -> IdPage:
        """Return a page of openids; the platform gives a cursor with the last one, too, and an empty one after it."""
        query = {"next_openid": cursor} if cursor else {}
        return _page(await self._call("GET", "/cgi-bin/user/get", query=query))

    async def infos(self, external_ids: Sequence[str]) -> list[StagedPerson]:
        """Return what the platform says of at most 100 openids."""
        users = [{"openid": openid, "lang": "zh_CN"} for openid in external_ids]
        answer = await self._call("POST", "/cgi-bin/user/info/batchget", payload={"user_list": users})
        return [_person(info) for info in _objects(answer.get("user_info_list"), "user_info_list")]

    async def tags(self) -> list[TagName]:
        """Return the account's tags."""
        answer = await self._call("GET", "/cgi-bin/tags/get")
        return [
            TagName(tag_id=_number(tag, "id"), name=str(tag.get("name", "")))
            for tag in _objects(answer.get("tags", []), "tags")
        ]

    async def tagged(self, tag_id: int, cursor: str) -> IdPage:
        """Return a page of openids that bear a tag."""
        payload = {"tagid": tag_id, "next_openid": cursor}
        return _page(await self._call("POST", "/cgi-bin/user/tag/get", payload=payload))

    async def _call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        payload: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        async def request(token: str) -> dict[str, Any]:
            return await self._api.call(
                method, path, query={"access_token": token, **(query or {})}, payload=payload, errors=ERRORS
            )

        return await self._tokens.call(request)


def _page(answer: Mapping[str, Any]) -> IdPage:
    data = answer.get("data") or {}
    openids = data.get("openid", []) if isinstance(data, dict) else []
    if not isinstance(openids, list) or not all(isinstance(openid, str) for openid in openids):
        raise Rejected("the platform's list of openids has another shape; this version cannot read it")
    total = answer.get("total", 0)
    # The last page names its last openid as the next: one more call, which brings nothing, says that it was the last.
    cursor = str(answer.get("next_openid") or "") if openids else ""
    return IdPage(external_ids=tuple(openids), cursor=cursor, total=total if isinstance(total, int) else 0)


def _person(info: Mapping[str, Any]) -> StagedPerson:
    since = info.get("subscribe_time")
    code = info.get("qr_scene_str") or info.get("qr_scene") or ""
    return StagedPerson(
        external_id=str(info.get("openid", "")),
        follows=bool(info.get("subscribe", 0)),
        union_id=str(info["unionid"]) if info.get("unionid") else None,
        since=datetime.fromtimestamp(since, UTC) if isinstance(since, int) and since > 0 else None,
        scene=str(info.get("subscribe_scene") or ""),
        code=str(code),
    )


def _objects(found: Any, name: str) -> list[dict[str, Any]]:
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise Rejected(f"the platform's {name} has another shape; this version cannot read it")
    return found


def _number(fields: Mapping[str, Any], name: str) -> int:
    number = fields.get(name)
    if not isinstance(number, int):
        raise Rejected(f"the platform's {name} is no number; this version cannot read it")
    return number
