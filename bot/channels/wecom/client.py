"""The server API of one WeCom application: messages to members, and whether it may be called at all.

`WecomClient` is a `handlers.delivery.ports.Channel`.
Source: WeCom docs 90236 (message/send), 91039 (gettoken), 90227 (agent/get).
"""

from __future__ import annotations

from typing import Any

import structlog

from bot.channels.api import PlatformApi
from bot.channels.tokens import FreshToken, TokenKeeper, fresh_token
from bot.channels.wecom.errors import ERRORS, TOKEN_ERRORS
from bot.channels.wecom.render import message_send
from content.messages import Outgoing
from handlers.delivery.errors import AccountBlocked, Rejected, Unreachable
from handlers.delivery.ports import Receipt

_log = structlog.get_logger(__name__)


class WecomTokens:
    """Fetches the access token of one application by gettoken; within its life the platform gives the same one."""

    def __init__(self, *, api: PlatformApi, corp_id: str, secret: str) -> None:
        self._api = api
        self._corp_id = corp_id
        self._secret = secret

    async def fetch(self) -> FreshToken:
        """Return the current token. Raises ChannelError.

        A wrong secret is Misconfigured and must not be tried again: repeated, the platform bans the IP for an hour.
        """
        query = {"corpid": self._corp_id, "corpsecret": self._secret}
        return fresh_token(await self._api.call("GET", "/cgi-bin/gettoken", query=query, errors=TOKEN_ERRORS))


class WecomClient:
    """Calls the server API of one application. Every method raises ChannelError."""

    def __init__(self, *, api: PlatformApi, tokens: TokenKeeper, agent_id: int) -> None:
        self._api = api
        self._tokens = tokens
        self._agent_id = agent_id

    async def send(self, *, api: str, recipient: str, content: Outgoing, idempotency_key: str) -> Receipt:
        """Carry `content` to one userid by `message_send`.

        The platform's duplicate check is on: a repeat of the same delivery within half an hour is byte for byte the
        same request and is not shown twice (`render.message_send`).
        """
        if api != "message_send":
            raise Rejected(f"a WeCom application has no API named {api!r}; message_send is the one")
        if not recipient or "|" in recipient or recipient.lower() == "@all":
            raise Rejected("a message goes to one member: the recipient must be one userid")
        rendered = message_send(content, to=recipient, agent_id=self._agent_id, idempotency_key=idempotency_key)
        if rendered.truncated:
            _log.warning("message_truncated", api=api, idempotency_key=idempotency_key)

        async def request(token: str) -> dict[str, Any]:
            return await self._api.call(
                "POST",
                "/cgi-bin/message/send",
                query={"access_token": token},
                payload=rendered.fields,
                errors=ERRORS,
                sort_keys=True,
            )

        answer = await self._tokens.call(request)
        _check_receiver(answer, recipient)
        return Receipt(platform_id=str(answer["msgid"]) if answer.get("msgid") else None)


async def check_agent(api: PlatformApi, *, token: str, agent_id: int) -> None:
    """Ask the platform about the application `agent_id` with a token of its secret; nothing is changed or sent.

    Raises ChannelError: AccountBlocked with code 301002 when the token is of another application, 40056 when there is
    no such application, 60020 when this machine's address is not trusted (gettoken answers any address), and without a
    code when the application is disabled.
    """
    query = {"access_token": token, "agentid": str(agent_id)}
    answer = await api.call("GET", "/cgi-bin/agent/get", query=query, errors=ERRORS)
    if answer.get("close") == 1:
        raise AccountBlocked("GET /cgi-bin/agent/get: the application is disabled")


def _check_receiver(answer: dict[str, Any], recipient: str) -> None:
    """Raise Unreachable when the member is among those the message did not reach, though errcode is 0.

    The platform gives userids back in lower case.
    """
    for name, reason in (
        ("invaliduser", "is unknown to the application or out of its scope"),
        ("unlicenseduser", "has no licence for the application's messages"),
    ):
        missed = answer.get(name) or ""
        users = missed if isinstance(missed, list) else str(missed).split("|")
        if recipient.lower() in {str(user).lower() for user in users}:
            raise Unreachable(f"message/send: the member {reason}", code=0)
