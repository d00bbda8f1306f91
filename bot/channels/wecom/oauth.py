"""Signing in by WeCom: where a browser is sent, and which member the code stands for that it comes back with.

Two pages give such codes: one inside WeCom's client, where nothing is asked, and one for a desk's browser, which shows
a code to scan. Source: WeCom docs 98171 (the page on a desk), 98173 (the domain of `redirect_uri` must be the
application's trusted domain, its port included), 96442 and 98177 (auth/getuserinfo).
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from bot.channels.api import PlatformApi
from bot.channels.tokens import TokenKeeper
from bot.channels.wecom.errors import ERRORS
from handlers.delivery.errors import Rejected

#: WeCom's client names itself so in User-Agent.
_CLIENT_MARK: Final = "wxwork"
#: Bytes. WeCom doc 96442.
_LONGEST_CODE: Final = 512


class WecomOAuth:
    """Sign-in through one application."""

    def __init__(
        self,
        *,
        api: PlatformApi,
        tokens: TokenKeeper,
        corp_id: str,
        agent_id: int,
        client_base_url: str = "https://open.weixin.qq.com",
        desk_base_url: str = "https://login.work.weixin.qq.com",
    ) -> None:
        """Take the application; a sandbox stands in by other base addresses."""
        self._api = api
        self._tokens = tokens
        self._corp_id = corp_id
        self._agent_id = agent_id
        self._client_base_url = client_base_url.rstrip("/")
        self._desk_base_url = desk_base_url.rstrip("/")

    def address(self, *, redirect_uri: str, state: str, user_agent: str) -> str:
        """Return where to send a browser that names itself `user_agent`; it comes back to `redirect_uri`.

        `state` comes back with it: at most 128 of 0-9, a-z, A-Z, as the client's page demands.
        """
        common = {"appid": self._corp_id, "agentid": str(self._agent_id), "redirect_uri": redirect_uri, "state": state}
        if _CLIENT_MARK in user_agent.lower():
            query = urlencode({**common, "response_type": "code", "scope": "snsapi_base"})
            # The client looks for the fragment before it says who somebody is.
            return f"{self._client_base_url}/connect/oauth2/authorize?{query}#wechat_redirect"
        query = urlencode({**common, "login_type": "CorpApp"})
        return f"{self._desk_base_url}/wwlogin/sso/login?{query}"

    async def user_of(self, code: str) -> str | None:
        """Return the userid of the member that `code` stands for; None when it is not a member of this enterprise.

        A code counts once and for five minutes. Raises ChannelError: Rejected for one that is used, too old or made
        up (40029), Misconfigured when the console's address is not in the application's trusted domain (50001).
        """
        if not 0 < len(code.encode("utf-8", "replace")) <= _LONGEST_CODE:
            raise Rejected("auth/getuserinfo: the code is empty or longer than any code is; nothing was asked")

        async def request(token: str) -> dict[str, Any]:
            query = {"access_token": token, "code": code}
            return await self._api.call("GET", "/cgi-bin/auth/getuserinfo", query=query, errors=ERRORS)

        userid = (await self._tokens.call(request)).get("userid")
        # A member of a linked enterprise comes as CorpId/userid (doc 96442): nobody of this realm.
        if not isinstance(userid, str) or not userid or "/" in userid:
            return None
        return userid
