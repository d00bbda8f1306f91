"""Fetching an account's messages from WeChat customer service: `handlers.conversation.ports.Feed`.

Source: WeCom doc 94670 (sync_msg). The token of a doorbell counts for ten minutes; without one the platform lets fetch
seldom. Without a cursor it tells all of the last three days again.
"""

from __future__ import annotations

from typing import Any, Final

from bot.channels.api import PlatformApi
from bot.channels.kf.errors import ERRORS, SYNC_TOKEN_REFUSED
from bot.channels.kf.parse import parse_item
from bot.channels.tokens import TokenKeeper
from handlers.conversation.ports import Heard, Page, TokenExpired
from handlers.delivery.errors import ChannelError, OutcomeUnknown

#: Of at most 1,000: what one page holds is handed on before the next is asked for.
_PAGE: Final = 200
#: Bytes that a cursor has at most; a longer one is none.
_LONGEST_CURSOR: Final = 512


class KfFeed:
    """One account's messages."""

    def __init__(self, *, api: PlatformApi, tokens: TokenKeeper, account: str, open_kfid: str) -> None:
        self._api = api
        self._tokens = tokens
        self._account = account
        self._open_kfid = open_kfid

    async def page(self, *, cursor: str | None, token: str | None) -> Page:
        """Return what comes after `cursor`. Raises TokenExpired, ChannelError."""
        fields: dict[str, Any] = {"open_kfid": self._open_kfid, "limit": _PAGE, "voice_format": 0}
        fields |= {name: text for name, text in (("cursor", cursor), ("token", token)) if text}

        async def request(access_token: str) -> dict[str, Any]:
            return await self._api.call(
                "POST",
                "/cgi-bin/kf/sync_msg",
                query={"access_token": access_token},
                payload=fields,
                errors=ERRORS,
                sort_keys=True,
            )

        try:
            answer = await self._tokens.call(request)
        except ChannelError as error:
            if error.code == SYNC_TOKEN_REFUSED:
                raise TokenExpired(str(error), code=error.code) from error
            raise
        return self._read(answer, cursor=cursor)

    def _read(self, answer: dict[str, Any], *, cursor: str | None) -> Page:
        listed, after = answer.get("msg_list") or [], answer.get("next_cursor") or cursor or ""
        if not isinstance(listed, list) or not isinstance(after, str) or len(after) > _LONGEST_CURSOR:
            raise OutcomeUnknown("kf/sync_msg answered without a list or a cursor")
        found = [parse_item(item, account=self._account, open_kfid=self._open_kfid) for item in listed]
        heard: list[Heard] = [item for item in found if item is not None]
        return Page(heard=tuple(heard), cursor=after, more=answer.get("has_more") in (1, "1", True))
