"""Server APIs of WeChat customer service.

WeCom docs: sync_msg, send_msg, send_msg_on_event, service_state, customer/batchget, account/list.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from typing import Any

from bot.sandbox.config import Rules
from bot.sandbox.errors import ApiError
from bot.sandbox.faults import FaultBook, FaultKind
from bot.sandbox.gateway import ApiRoute, Call, Delivered, Outcome
from bot.sandbox.kf_account import ENDED, PERSON, POOL, WINDOW_SECONDS, KfAccount
from bot.sandbox.kf_messages import read_message
from bot.sandbox.kf_stage import TEXT_OR_MENU, WELCOME_SECONDS, KfStage
from bot.sandbox.push import Pusher
from bot.sandbox.tokens import TokenBook
from bot.sandbox.world import WecomApp, World

_MSGID = re.compile(r"[0-9A-Za-z_-]{1,32}\Z")
_MAX_LIMIT = 1000
#: From each state where a session can go; also to ENDED from 1 and 2 when the rules say so.
_MOVES = {0: {1, 2, 3}, 1: {2, 3}, 2: {3}, 3: {3, 4}, 4: set[int]()}


class KfTokens(TokenBook[KfAccount]):
    """The tokens of customer service; one of an ordinary application does not fit (95012)."""

    def __init__(self, applications: TokenBook[WecomApp]) -> None:
        super().__init__(mark="kf", superseded=40014)
        self._applications = applications

    def check(self, value: str | None, *, now: float) -> KfAccount:
        """Return the account of a valid token. Raises ApiError, 95012 for one of an application."""
        if self._applications.holder(value) is not None:
            raise ApiError(95012)
        return super().check(value, now=now)


class KfApi:
    """Fetching, sending, sessions."""

    def __init__(self, *, world: World, stage: KfStage, pusher: Pusher, faults: FaultBook, rules: Rules) -> None:
        self._world = world
        self._stage = stage
        self._pusher = pusher
        self._faults = faults
        self._rules = rules

    def routes(self) -> list[ApiRoute[KfAccount]]:
        """Return the routes of this family."""
        handlers = {
            "sync_msg": self._sync,
            "send_msg": self._send,
            "send_msg_on_event": self._send_on_event,
            "service_state/get": self._state,
            "service_state/trans": self._move,
            "customer/batchget": self._customers,
            "account/list": self._accounts,
        }
        routes = [
            ApiRoute(method="POST", path=f"/cgi-bin/kf/{name}", handle=handle, people=self._about)
            for name, handle in handlers.items()
        ]
        return [*routes, ApiRoute(method="GET", path="/cgi-bin/kf/servicer/list", handle=self._servicers)]

    def _about(self, call: Call[KfAccount]) -> Iterable[str]:
        external = call.body.get("touser") or call.body.get("external_userid")
        person = call.account.person_of(str(external)) if call.account is not None else None
        return [] if person is None else [person]

    def _account(self, call: Call[KfAccount], given: Any) -> KfAccount:
        """Return the account that is meant: any of the corporation's that has the same secret."""
        if not given:
            raise ApiError(95004, "open_kfid")
        mine = [a for a in call.holder.corp.desks if a.config.secret == call.holder.config.secret]
        found = next((account for account in mine if account.config.open_kfid == given), None)
        if found is None:
            raise ApiError(95000, "open_kfid")
        return found

    def _person(self, account: KfAccount, given: Any) -> str:
        person = account.person_of(str(given)) if given else None
        if person is None:
            raise ApiError(40096, "external_userid")
        return person

    def _sync(self, call: Call[KfAccount]) -> Outcome:
        account = self._account(call, call.body.get("open_kfid"))
        cursor, limit = call.body.get("cursor") or "", call.body.get("limit", _MAX_LIMIT)
        if not isinstance(cursor, str) or not isinstance(limit, int) or not 0 < limit <= _MAX_LIMIT:
            raise ApiError(40058, "cursor or limit")
        account.check_token(str(call.body.get("token") or ""), now=call.now)
        more_all_the_same = False
        if self._faults.take(FaultKind.EMPTY_PAGE, account=account.name, path=call.path) is not None:
            limit, more_all_the_same = 0, True
        items, after, more = account.page(cursor, limit=limit, now=call.now)
        return Outcome(payload={"next_cursor": after, "has_more": int(more or more_all_the_same), "msg_list": items})

    def _send(self, call: Call[KfAccount]) -> Outcome:
        account = self._account(call, call.body.get("open_kfid"))
        person, msgid = self._person(account, call.body.get("touser")), self._msgid(call, account)
        session = account.session(person)
        if msgid in account.sent_ids:
            return self._repeated(msgid)
        if session.state_at(call.now) not in (0, 1):
            raise ApiError(95018)
        if session.spoke_at is None or call.now >= session.spoke_at + WINDOW_SECONDS:
            raise ApiError(95002)
        if session.left(call.now) < 1:
            raise ApiError(95001)
        message = read_message(call.body, media=account.corp.media, now=call.now)
        fault = self._faults.take(
            FaultKind.KF_SEND_FAIL, account=account.name, people=frozenset({person}), path=call.path
        )
        account.sent_ids.add(msgid)
        session.sent += 1
        kept = {"kf_sent": {"account": account.name, "person": person, "msgid": msgid, "counts": True}}
        payload = {"msgid": msgid}
        if fault is None and not session.rejecting:
            delivered = (Delivered(person=person, message=message, details={"msgid": msgid}),)
            return Outcome(payload=payload, via="kf_send", account=account.name, delivered=delivered, kept=kept)
        why = 10 if session.rejecting else (fault.errcode if fault is not None and fault.errcode is not None else 0)

        def fail() -> None:
            event = {"event_type": "msg_send_fail", "fail_msgid": msgid, "fail_type": why}
            self._pusher.start(self._stage.tell(account, person, "msg_send_fail", event, at=call.now))

        line = {"what": "dropped", "account": account.name, "people": [person], "cause": f"fail_type {why}"}
        return Outcome(payload=payload, kept=kept, lines=(line,), then=fail)

    def _send_on_event(self, call: Call[KfAccount]) -> Outcome:
        code = call.text("code", missing=40058)
        found = [(a, a.codes[code]) for a in call.holder.corp.desks if code in a.codes]
        if not found or call.now >= found[0][1].ends:
            raise ApiError(41050)
        account, about = found[0]
        msgid = self._msgid(call, account)
        message = read_message(call.body, media=account.corp.media, now=call.now, kinds=about.kinds)
        del account.codes[code]
        account.sent_ids.add(msgid)
        delivered = (Delivered(person=about.person, message=message, details={"msgid": msgid}),)
        kept = {"kf_sent": {"account": account.name, "person": about.person, "msgid": msgid, "counts": False}}
        return Outcome(
            payload={"msgid": msgid}, via="kf_on_event", account=account.name, delivered=delivered, kept=kept
        )

    def _msgid(self, call: Call[KfAccount], account: KfAccount) -> str:
        given = call.body.get("msgid")
        if given is None:
            return secrets.token_hex(16)
        if not isinstance(given, str) or not _MSGID.match(given):
            raise ApiError(40058, "msgid")
        return given

    def _repeated(self, msgid: str) -> Outcome:
        if self._rules.kf_repeated_msgid_errcode:
            raise ApiError(self._rules.kf_repeated_msgid_errcode, "msgid")
        return Outcome(payload={"msgid": msgid})

    def _state(self, call: Call[KfAccount]) -> Outcome:
        account = self._account(call, call.body.get("open_kfid"))
        session = account.session(self._person(account, call.body.get("external_userid")))
        state = session.state_at(call.now)
        return Outcome(payload={"service_state": state, "servicer_userid": session.servicer if state == PERSON else ""})

    def _move(self, call: Call[KfAccount]) -> Outcome:
        account = self._account(call, call.body.get("open_kfid"))
        person, to = self._person(account, call.body.get("external_userid")), call.body.get("service_state")
        session = account.session(person)
        state = session.state_at(call.now)
        allowed = set(_MOVES[state]) | ({ENDED} if self._rules.kf_may_end_early and state in (1, POOL) else set())
        if not isinstance(to, int) or to not in allowed:
            raise ApiError(95016, f"{state} to {to}")
        servicer = call.body.get("servicer_userid") or ""
        if to == PERSON and (servicer not in account.config.servicers or servicer not in account.on_duty):
            raise ApiError(95014 if servicer not in account.config.servicers else 95019, "servicer_userid")
        session.state, session.servicer, session.changed_at = to, servicer if to == PERSON else "", call.now
        payload: dict[str, Any] = {}
        # "When the session first changes to 2 or 3", and when it ends.
        if to == ENDED or (to in (POOL, PERSON) and not session.replied):
            session.replied = True
            seconds, kinds = (WELCOME_SECONDS, TEXT_OR_MENU) if to == ENDED else (WINDOW_SECONDS, frozenset({"text"}))
            payload["msg_code"] = account.code(person, seconds=seconds, kinds=kinds, now=call.now)
        kept = {"kf_state": {"account": account.name, "person": person, "state": to, "servicer": session.servicer}}
        return Outcome(payload=payload, kept=kept)

    def _customers(self, call: Call[KfAccount]) -> Outcome:
        wanted = call.body.get("external_userid_list")
        if not isinstance(wanted, list) or not 0 < len(wanted) <= 100:
            raise ApiError(40058, "external_userid_list")
        found, invalid = [], []
        for external in wanted:
            person = next((p for a in call.holder.corp.desks if (p := a.person_of(str(external))) is not None), None)
            if person is None:
                invalid.append(external)
                continue
            config = self._world.person(person)
            about = {"external_userid": external, "nickname": config.name, "avatar": "", "gender": 0}
            found.append(about | ({"unionid": config.unionid} if config.unionid else {}))
        return Outcome(payload={"customer_list": found, "invalid_external_userid": invalid})

    def _accounts(self, call: Call[KfAccount]) -> Outcome:
        offset, limit = call.body.get("offset", 0), call.body.get("limit", 100)
        if not isinstance(offset, int) or not isinstance(limit, int):
            raise ApiError(40058, "offset or limit")
        desks = call.holder.corp.desks
        listed = [
            {
                "open_kfid": account.config.open_kfid,
                "name": account.config.title,
                "avatar": "",
                "manage_privilege": account.config.secret == call.holder.config.secret,
            }
            for account in desks
        ]
        return Outcome(payload={"account_list": listed[offset : offset + limit]})

    def _servicers(self, call: Call[KfAccount]) -> Outcome:
        account = self._account(call, call.query.get("open_kfid"))
        listed = [{"userid": u, "status": 0 if u in account.on_duty else 1} for u in account.config.servicers]
        return Outcome(payload={"servicer_list": listed})
