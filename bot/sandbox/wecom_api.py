"""Server APIs of WeCom applications.

WeCom doc: get access token, get application, send application messages, media, menus.
"""

from __future__ import annotations

from typing import Any

from bot.sandbox.chats import Chats
from bot.sandbox.config import Rules
from bot.sandbox.errors import ApiError
from bot.sandbox.faults import FaultBook, FaultKind
from bot.sandbox.gateway import ApiRoute, Call, Delivered, Outcome
from bot.sandbox.kf_account import KfAccount
from bot.sandbox.media import JPEG, PNG, check_picture
from bot.sandbox.menus import check_menu
from bot.sandbox.tokens import Family, TokenBook, WrongSecrets, kept
from bot.sandbox.wecom_messages import read_message
from bot.sandbox.wecom_receivers import Receivers, receivers_of
from bot.sandbox.wecom_sent import SentBook
from bot.sandbox.world import WecomApp, World


class WecomApi:
    """Tokens, messages, media and menus of WeCom applications."""

    def __init__(
        self,
        *,
        world: World,
        tokens: TokenBook[WecomApp],
        kf_tokens: TokenBook[KfAccount],
        chats: Chats,
        faults: FaultBook,
        sent: SentBook,
        rules: Rules,
    ) -> None:
        self._world = world
        self._tokens = tokens
        self._kf_tokens = kf_tokens
        self._chats = chats
        self._faults = faults
        self._sent = sent
        self._wrong_secrets = WrongSecrets(allowed=rules.wecom_wrong_secrets)

    def routes(self) -> list[ApiRoute[WecomApp]]:
        """Return the routes of this family."""
        return [
            ApiRoute(method="GET", path="/cgi-bin/gettoken", handle=self._token, token=False, account=self._app),
            ApiRoute(method="POST", path="/cgi-bin/message/send", handle=self._send, people=_addressed),
            ApiRoute(method="POST", path="/cgi-bin/message/recall", handle=self._recall),
            ApiRoute(method="POST", path="/cgi-bin/media/upload", handle=_upload, upload=True),
            ApiRoute(method="GET", path="/cgi-bin/media/get", handle=_media),
            ApiRoute(method="GET", path="/cgi-bin/agent/get", handle=_agent),
            ApiRoute(method="POST", path="/cgi-bin/menu/create", handle=_create_menu),
            ApiRoute(method="GET", path="/cgi-bin/menu/get", handle=_get_menu),
            ApiRoute(method="GET", path="/cgi-bin/menu/delete", handle=_delete_menu),
            ApiRoute(method="GET", path="/cgi-bin/getcallbackip", handle=_callback_ip),
        ]

    def _app(self, call: Call[WecomApp]) -> WecomApp | None:
        corp = self._world.corps.get(call.query.get("corpid", ""))
        secret = call.query.get("corpsecret")
        if corp is None:
            return None
        holders = [*corp.apps, *([corp.contacts] if corp.contacts is not None else [])]
        return next((app for app in holders if app.config.secret == secret), None)

    def _desk(self, call: Call[WecomApp]) -> KfAccount | None:
        corp = self._world.corps.get(call.query.get("corpid", ""))
        secret = call.query.get("corpsecret")
        return next((desk for desk in corp.desks if desk.config.secret == secret), None) if corp else None

    def _token(self, call: Call[WecomApp]) -> Outcome:
        if not call.query.get("corpid"):
            raise ApiError(41002)
        if not call.query.get("corpsecret"):
            raise ApiError(41004)
        if call.query["corpid"] not in self._world.corps:
            raise ApiError(40013)
        self._wrong_secrets.check(call.remote, now=call.now)
        desk = self._desk(call)
        if desk is not None:
            # Tokens of customer service do not outlive the sandbox; the bot gets another.
            known = self._kf_tokens.current(desk, Family.WECOM, now=call.now)
            value, life = known or self._kf_tokens.issue(desk, Family.WECOM, now=call.now, overlap_seconds=0)
            return Outcome(payload={"access_token": value, "expires_in": int(life)})
        if call.account is None:
            self._wrong_secrets.count(call.remote, now=call.now)
            raise ApiError(40001)
        # gettoken answers any address: reports of 60020 all come from calls made with a token that was given out.
        current = self._tokens.current(call.account, Family.WECOM, now=call.now)
        if current is not None:
            return Outcome(payload={"access_token": current[0], "expires_in": int(current[1])})
        value, life = self._tokens.issue(call.account, Family.WECOM, now=call.now, overlap_seconds=0)
        return Outcome(
            payload={"access_token": value, "expires_in": int(life)}, kept=kept(value, Family.WECOM, overlap_seconds=0)
        )

    def _send(self, call: Call[WecomApp]) -> Outcome:
        app = call.holder
        if str(call.body.get("agentid")) != str(app.config.agent_id):
            raise ApiError(301002)
        receivers = receivers_of(app, call.body)
        message = read_message(call.body, media=app.corp.media, now=call.now)
        if not receivers.members:
            raise ApiError(81013, payload=receivers.invalid())
        repeated = self._sent.duplicates.is_repeat(app.name, call.body, now=call.now)
        msgid = self._sent.messages.add(app.name, now=call.now)
        payload = {**receivers.invalid(), "msgid": msgid}
        if repeated:
            noted = self._sent.kept(app.name, call.body, msgid=msgid, counted=())
            return Outcome(payload=payload, kept=noted, lines=(_dropped(app, receivers.members, "duplicate"),))
        unlicensed = [u for u in receivers.members if self._strikes(FaultKind.UNLICENSED_USER, app, u, call)]
        licensed = [userid for userid in receivers.members if userid not in unlicensed]
        counted = [userid for userid in licensed if self._sent.limits.take(app.name, userid, now=call.now)]
        reached = [userid for userid in counted if not self._strikes(FaultKind.SILENT_DROP, app, userid, call)]
        lost = [userid for userid in licensed if userid not in reached]
        if unlicensed:
            payload["unlicenseduser"] = "|".join(userid.lower() for userid in unlicensed)
        causes = (("unlicensed", unlicensed), ("limit or fault", lost))
        return Outcome(
            payload=payload,
            via="message_send",
            kept=self._sent.kept(app.name, call.body, msgid=msgid, counted=counted),
            delivered=tuple(Delivered(person=u, message=message, details={"msgid": msgid}) for u in reached),
            lines=tuple(_dropped(app, userids, cause) for cause, userids in causes if userids),
        )

    def _strikes(self, kind: FaultKind, app: WecomApp, userid: str, call: Call[WecomApp]) -> bool:
        people = frozenset({userid})
        return self._faults.take(kind, account=app.name, people=people, path=call.path) is not None

    def _recall(self, call: Call[WecomApp]) -> Outcome:
        msgid = call.text("msgid", missing=40058)
        self._sent.messages.recall(call.holder.name, msgid, now=call.now)
        line = {"what": "recalled", "account": call.holder.name, "msgid": msgid}
        return Outcome(lines=(line,), then=lambda: self._chats.recall(msgid))


def check_address(call: Call[Any]) -> None:
    """Refuse callers outside of the application's trusted addresses. Raises ApiError 60020."""
    allowed = call.holder.config.ip_allow_list
    if allowed and call.remote not in allowed:
        raise ApiError(60020, call.remote)


def _dropped(app: WecomApp, userids: list[str], cause: str) -> dict[str, Any]:
    return {"what": "dropped", "account": app.name, "people": userids, "cause": cause}


def _addressed(call: Call[WecomApp]) -> list[str]:
    if call.account is None:
        return []
    try:
        receivers: Receivers = receivers_of(call.account, call.body)
    except ApiError:
        return []
    return receivers.members


def _upload(call: Call[WecomApp]) -> Outcome:
    if call.upload is None:
        raise ApiError(41005)
    data, content_type = call.upload
    kind = call.query.get("type", "")
    if len(data) <= 5:
        raise ApiError(40006, "a file has more than five bytes")
    if kind == "image":
        check_picture(data, begins=(JPEG, PNG))
    media = call.holder.corp.media.add(data, type=kind, content_type=content_type, now=call.now)
    return Outcome(payload={"type": kind, "media_id": media.media_id, "created_at": str(int(call.now))})


def _media(call: Call[WecomApp]) -> Outcome:
    media_id = call.query.get("media_id")
    if not media_id:
        raise ApiError(41006)
    media = call.holder.corp.media.get(media_id, now=call.now)
    if media is None:
        raise ApiError(40007)
    return Outcome(file=(media.data, media.content_type))


def _agent(call: Call[WecomApp]) -> Outcome:
    """Describe the application. Raises ApiError: 40056 the corporation has none, 301002 it is not the token's."""
    app, wanted = call.holder, call.query.get("agentid")
    if wanted not in {str(known.config.agent_id) for known in app.corp.apps}:
        raise ApiError(40056)
    if wanted != str(app.config.agent_id):
        raise ApiError(301002)
    members = [member.userid for member in app.corp.members if member.userid not in app.left]
    return Outcome(
        payload={
            "agentid": app.config.agent_id,
            "name": app.config.title,
            "square_logo_url": "",
            "description": "",
            "allow_userinfos": {"user": [{"userid": userid} for userid in members]},
            "allow_partys": {"partyid": []},
            "allow_tags": {"tagid": []},
            "close": 0,
            "redirect_domain": app.config.trusted_domain,
            "report_location_flag": 0,
            "isreportenter": 0,
            "home_url": "",
        }
    )


def _create_menu(call: Call[WecomApp]) -> Outcome:
    _check_agent(call)
    call.holder.menu = check_menu(call.body.get("button"))
    return Outcome(kept={"menu": call.holder.menu})


def _get_menu(call: Call[WecomApp]) -> Outcome:
    _check_agent(call)
    if not call.holder.menu:
        raise ApiError(46003)
    return Outcome(payload={"button": call.holder.menu})


def _delete_menu(call: Call[WecomApp]) -> Outcome:
    _check_agent(call)
    call.holder.menu = []
    return Outcome(kept={"menu": []})


def _check_agent(call: Call[WecomApp]) -> None:
    if call.query.get("agentid") != str(call.holder.config.agent_id):
        raise ApiError(40056)


def _callback_ip(call: Call[WecomApp]) -> Outcome:
    return Outcome(payload={"ip_list": ["127.0.0.*"]})
