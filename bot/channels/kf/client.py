"""The server API of one account of WeChat customer service: messages, who a customer is, whose turn it is.

`KfClient` is a `handlers.delivery.ports.Channel`, a `handlers.profiles.ports.Directory` and a
`handlers.conversation.ports.Sessions`. Source: WeCom docs 94677 (send_msg), 95122 (send_msg_on_event), 95159
(customer/batchget), 94669 (service_state), 94661 (account/list).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog

from bot.channels.api import PlatformApi
from bot.channels.kf.errors import ERRORS
from bot.channels.kf.parse import is_external
from bot.channels.kf.render import send_msg, send_msg_on_event
from bot.channels.tokens import TokenKeeper
from content.messages import MenuReply, Outgoing, TextReply
from handlers.conversation.ports import Session, SessionState
from handlers.delivery.errors import AccountBlocked, OutcomeUnknown, Rejected
from handlers.delivery.ports import Receipt

_log = structlog.get_logger(__name__)
_PAGE = 100


class KfClient:
    """Calls the server API of one account. Every method raises ChannelError."""

    def __init__(self, *, api: PlatformApi, tokens: TokenKeeper, open_kfid: str) -> None:
        self._api = api
        self._tokens = tokens
        self._open_kfid = open_kfid

    async def send(self, *, api: str, recipient: str, content: Outgoing, idempotency_key: str) -> Receipt:
        """Carry `content` to one external_userid by `kf_send`, or by the code in it by `kf_on_event`.

        The msgid is made of the key: a repeat of one delivery bears the id that the platform has seen already.
        """
        match api:
            case "kf_send":
                path, rendered = (
                    "/cgi-bin/kf/send_msg",
                    send_msg(content, to=recipient, open_kfid=self._open_kfid, idempotency_key=idempotency_key),
                )
            case "kf_on_event" if isinstance(content, TextReply | MenuReply) and content.code is not None:
                path, rendered = (
                    "/cgi-bin/kf/send_msg_on_event",
                    send_msg_on_event(content, idempotency_key=idempotency_key),
                )
            case _:
                raise Rejected(
                    f"WeChat customer service has no API named {api!r} for this message; kf_send, "
                    "or kf_on_event with a code"
                )
        if rendered.truncated:
            _log.warning("message_truncated", api=api, idempotency_key=idempotency_key)
        answer = await self._post(path, rendered.fields)
        return Receipt(platform_id=str(answer["msgid"]) if answer.get("msgid") else None)

    async def user_info(self, openid: str) -> str | None:
        """Return the unionid of an external_userid, None for one that has none; members of the corporation have none.

        Members are not asked about: their userids lie in the same realm.
        """
        if not is_external(openid):
            return None
        answer = await self._post("/cgi-bin/kf/customer/batchget", {"external_userid_list": [openid]})
        customers = answer.get("customer_list")
        for customer in customers if isinstance(customers, list) else ():
            if isinstance(customer, Mapping) and customer.get("external_userid") == openid:
                unionid = customer.get("unionid")
                return unionid if isinstance(unionid, str) and unionid else None
        return None

    async def state(self, person: str) -> Session:
        """Return whose turn it is with a customer."""
        answer = await self._post(
            "/cgi-bin/kf/service_state/get", {"open_kfid": self._open_kfid, "external_userid": person}
        )
        number = answer.get("service_state")
        if not isinstance(number, int) or number not in set(SessionState):
            raise OutcomeUnknown("kf/service_state/get answered without a state this version knows")
        servicer = answer.get("servicer_userid")
        return Session(state=SessionState(number), staff=servicer if isinstance(servicer, str) and servicer else None)

    async def move(self, person: str, to: SessionState, *, staff: str | None = None) -> str | None:
        """Bring a customer's session into another state, to `staff` when a person serves; return the platform's code
        for one message at this moment, if it gives one. Raises Rejected (95016) for a move that is not allowed."""
        fields: dict[str, Any] = {"open_kfid": self._open_kfid, "external_userid": person, "service_state": int(to)}
        if staff is not None:
            fields["servicer_userid"] = staff
        code = (await self._post("/cgi-bin/kf/service_state/trans", fields)).get("msg_code")
        return code if isinstance(code, str) and code else None

    async def _post(self, path: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        async def request(token: str) -> dict[str, Any]:
            return await self._api.call(
                "POST", path, query={"access_token": token}, payload=payload, errors=ERRORS, sort_keys=True
            )

        return await self._tokens.call(request)


async def check_kf_account(api: PlatformApi, *, token: str, open_kfid: str) -> None:
    """Ask the platform whether `open_kfid` is an account that this secret may serve; nothing is changed or sent.

    Raises ChannelError: AccountBlocked with 95011, 95012, 95017, 95023, 48002 or 60020 as the platform says, and
    without a code when the account is not in the list or not given to the application.
    """
    offset = 0
    while True:
        answer = await api.call(
            "POST",
            "/cgi-bin/kf/account/list",
            query={"access_token": token},
            payload={"offset": offset, "limit": _PAGE},
            errors=ERRORS,
        )
        listed = answer.get("account_list")
        accounts = [each for each in listed if isinstance(each, Mapping)] if isinstance(listed, list) else []
        for account in accounts:
            if account.get("open_kfid") == open_kfid:
                if account.get("manage_privilege") is False:
                    raise AccountBlocked(
                        "kf/account/list: the application may not manage this customer-service account"
                    )
                return
        if len(accounts) < _PAGE:
            raise AccountBlocked("kf/account/list: no account of this secret has this open_kfid")
        offset += _PAGE
