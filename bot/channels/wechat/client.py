"""The server API of one official account: customer-service messages, the menu, who somebody is.

`WechatClient` is a `handlers.delivery.ports.Channel`.
Source: WeChat docs, "customer messages", "custom menu", "user information", "stable token".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import structlog

from bot.channels.api import PlatformApi
from bot.channels.tokens import FreshToken, TokenKeeper, fresh_token
from bot.channels.wechat.errors import ERRORS, TOKEN_ERRORS
from bot.channels.wechat.render import custom_send
from content.messages import Outgoing
from handlers.delivery.errors import Rejected
from handlers.delivery.ports import Receipt

_log = structlog.get_logger(__name__)


class WechatTokens:
    """Fetches the access token of one official account by stable_token.

    Never with force_refresh: that is limited to 20 a day, and the plain call already gives a new token once the old one
    is no longer good.
    """

    def __init__(self, *, api: PlatformApi, app_id: str, secret: str) -> None:
        self._api = api
        self._app_id = app_id
        self._secret = secret

    async def fetch(self) -> FreshToken:
        """Return the current token. Raises ChannelError."""
        answer = await self._api.call(
            "POST",
            "/cgi-bin/stable_token",
            query={},
            payload={
                "grant_type": "client_credential",
                "appid": self._app_id,
                "secret": self._secret,
                "force_refresh": False,
            },
            errors=TOKEN_ERRORS,
        )
        return fresh_token(answer)


class WechatClient:
    """Calls the server API of one official account. Every method raises ChannelError."""

    def __init__(self, *, api: PlatformApi, tokens: TokenKeeper) -> None:
        self._api = api
        self._tokens = tokens

    async def send(self, *, api: str, recipient: str, content: Outgoing, idempotency_key: str) -> Receipt:
        """Carry `content` to an openid by `custom_send`, the only API this channel has for one person's free text.

        The platform has no key against repeats here and gives no message id back: a repeat is a second message.
        """
        if api != "custom_send":
            raise Rejected(f"an official account has no API named {api!r}; custom_send is the one")
        rendered = custom_send(content, to=recipient)
        if rendered.truncated:
            _log.warning("message_truncated", api=api, idempotency_key=idempotency_key)
        await self._post("/cgi-bin/message/custom/send", rendered.fields)
        return Receipt()

    async def create_menu(self, buttons: Sequence[Mapping[str, Any]]) -> None:
        """Replace the account's menu: at most 3 buttons with 5 below each, in the platform's own fields."""
        await self._post("/cgi-bin/menu/create", {"button": list(buttons)})

    async def user_info(self, openid: str) -> str | None:
        """Return the person's unionid; None when they do not follow or the account has no open platform."""
        answer = await self._get("/cgi-bin/user/info", {"openid": openid, "lang": "zh_CN"})
        unionid = answer.get("unionid")
        return unionid if isinstance(unionid, str) and unionid else None

    async def _post(self, path: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        return await self._call("POST", path, query={}, payload=payload)

    async def _get(self, path: str, query: Mapping[str, str]) -> dict[str, Any]:
        return await self._call("GET", path, query=query, payload=None)

    async def _call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str],
        payload: Mapping[str, Any] | None,
    ) -> dict[str, Any]:
        async def request(token: str) -> dict[str, Any]:
            return await self._api.call(
                method, path, query={"access_token": token, **query}, payload=payload, errors=ERRORS
            )

        return await self._tokens.call(request)
