"""Carries out acts: changes who follows and what may be sent, and hands the pusher what the bot is told."""

from __future__ import annotations

import base64
from typing import Any

from bot.sandbox.acts import MESSAGES, OF_CUSTOMER_SERVICE, Act, message_fields, message_key, missing_field, spoken
from bot.sandbox.clock import PlatformClock
from bot.sandbox.envelope import sendable
from bot.sandbox.errors import ControlError
from bot.sandbox.faults import FaultBook, FaultKind
from bot.sandbox.kf_account import KfAccount
from bot.sandbox.kf_stage import KfStage
from bot.sandbox.media import MediaStore
from bot.sandbox.menu_events import MENU_EVENTS, PICTURES, menu_event
from bot.sandbox.push import Push, Pusher, Running
from bot.sandbox.quota import MESSAGE, TAP, Grant
from bot.sandbox.world import Follower, OfficialAccount, WecomApp, World

#: What a person sends when the act names no file: one grey pixel.
_PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mM8c+bMfwAHFAMWJ0sPbgAAAABJRU5ErkJggg=="
)
_FILES = {
    "image": ("image/png", "image"),
    "voice": ("audio/amr", "voice"),
    "video": ("video/mp4", "video"),
    "shortvideo": ("video/mp4", "video"),
    "file": ("application/pdf", "file"),
}
#: Menu taps besides a click that grant messages. WeChat doc: customer-service messages.
_TAPS = frozenset({"CLICK", "scancode_push", "scancode_waitmsg"})


class Stage:
    """Where people act."""

    def __init__(self, *, world: World, clock: PlatformClock, faults: FaultBook, pusher: Pusher) -> None:
        self._world = world
        self._clock = clock
        self._faults = faults
        self._pusher = pusher
        #: The newest MsgId of each account, and of each person there.
        self._newest: dict[str, int] = {}
        self._newest_of: dict[tuple[str, str], int] = {}
        self.customer_service = KfStage(world=world, clock=clock, pusher=pusher, file=self._file)

    def perform(self, act: Act) -> Running:
        """Carry out `act` and start its push.

        Raises:
            ControlError: 404 no such account or member, 409 the person cannot do this now, 422 the act lacks something.
        """
        account = self._world.account(act.account)
        if (sentence := missing_field(act)) is not None:
            raise ControlError(422, sentence)
        if isinstance(account, KfAccount):
            return self._pusher.start(self.customer_service.perform(account, act))
        if act.act in OF_CUSTOMER_SERVICE:
            raise ControlError(409, f"只有微信客服账号有这个动作（{act.act}）")
        if isinstance(account, OfficialAccount):
            return self._pusher.start(self._official(account, act))
        return self._pusher.start(self._wecom(account, act))

    def _official(self, account: OfficialAccount, act: Act) -> Push:
        person = self._world.person(act.person).id
        openid = account.openid(person)
        head = self._head(act, to=account.config.original_id, sender=openid)
        following = person in account.followers
        if not following and act.act not in ("follow", "scan"):
            raise ControlError(409, f"{person} 还没有关注「{account.config.title}」，请先关注")
        if act.act in MESSAGES:
            fields = {**head, **self._content(act, account.media), "MsgId": self._message_id(account.name, act)}
            return self._push(account, act, fields, grant=MESSAGE)
        fields = {**head, "MsgType": "event", **self._official_event(account, act, person)}
        return self._push(account, act, fields, grant=_grant_of(fields["Event"]))

    def _official_event(self, account: OfficialAccount, act: Act, person: str) -> dict[str, Any]:
        match act.act:
            case "follow" if person in account.followers:
                raise ControlError(409, f"{person} 已经关注了「{account.config.title}」")
            case "follow" | "scan":
                return self._follow_or_scan(account, act, person)
            case "unfollow":
                del account.followers[person]
                account.quota.close(account.openid(person))
                return {"Event": "unsubscribe", "EventKey": ""}
            case "click":
                return {"Event": "CLICK", "EventKey": act.key}
            case "view":
                return {"Event": "VIEW", "EventKey": act.url, "MenuId": act.menu_id}
            case "enter":
                raise ControlError(409, "公众号没有“进入会话”事件，请改用企业微信应用")
            case kind if kind in MENU_EVENTS:
                return menu_event(act, picture=self._picture(act, account.media), wecom=False)
            case _:
                return {"Event": act.event, **act.fields}

    def _follow_or_scan(self, account: OfficialAccount, act: Act, person: str) -> dict[str, Any]:
        scene, ticket = self._scanned(account, act)
        if person in account.followers:
            return {"Event": "SCAN", "EventKey": scene, "Ticket": ticket}
        account.followers[person] = Follower(since=self._clock.now(), scene=scene)
        if not scene:
            return {"Event": "subscribe", "EventKey": ""}
        return {"Event": "subscribe", "EventKey": f"qrscene_{scene}", "Ticket": ticket}

    def _scanned(self, account: OfficialAccount, act: Act) -> tuple[str, str]:
        code = next(
            (c for c in account.codes.values() if c.ticket == act.ticket or (act.url and c.url == act.url)), None
        )
        if code is None and act.scene:
            code = next((c for c in account.codes.values() if c.scene == act.scene), None)
            if code is None:
                code = account.code(act.scene, ends=None)
        if code is None:
            if act.act == "follow" and not (act.ticket or act.url):
                return "", ""
            raise ControlError(422, "请写上二维码的场景值（scene）、ticket 或地址（url）")
        if code.ends is not None and self._clock.now() >= code.ends:
            raise ControlError(409, "这个二维码已经过期，请让公众号重新生成")
        return code.scene, code.ticket

    def _wecom(self, app: WecomApp, act: Act) -> Push:
        member = self._world.member(app, act.person)
        agent = str(app.config.agent_id)
        head = self._head(act, to=app.corp.config.corp_id, sender=member.userid)
        if act.act in MESSAGES:
            content = self._content(act, app.corp.media, wecom=True)
            fields = {**head, **content, "MsgId": self._message_id(app.name, act), "AgentID": agent}
            return self._push(app, act, fields, grant=None)
        event = self._wecom_event(app, act, member.userid)
        return self._push(app, act, {**head, "MsgType": "event", **event, "AgentID": agent}, grant=None)

    def _wecom_event(self, app: WecomApp, act: Act, userid: str) -> dict[str, Any]:
        match act.act:
            case "follow":
                app.left.discard(userid)
                return {"Event": "subscribe", "EventKey": ""}
            case "unfollow":
                app.left.add(userid)
                return {"Event": "unsubscribe", "EventKey": ""}
            case "enter":
                return {"Event": "enter_agent", "EventKey": ""}
            case "click":
                return {"Event": "click", "EventKey": act.key}
            case "view":
                return {"Event": "view", "EventKey": act.url}
            case "scan":
                raise ControlError(409, "企业微信应用没有带参数的二维码，请改用公众号")
            case kind if kind in MENU_EVENTS:
                return menu_event(act, picture=self._picture(act, app.corp.media), wecom=True)
            case _:
                return {"Event": act.event, **act.fields}

    def _head(self, act: Act, *, to: str, sender: str) -> dict[str, Any]:
        created = act.create_time if act.create_time is not None else int(self._clock.now())
        return {"ToUserName": to, "FromUserName": sender, "CreateTime": created}

    def _content(self, act: Act, store: MediaStore, *, wecom: bool = False) -> dict[str, Any]:
        media_id, url = act.media_id or "", act.picurl
        if act.act in _FILES and not media_id:
            content_type, kind = _FILES[act.act]
            media = store.add(_PIXEL, type=kind, content_type=content_type, now=self._clock.now())
            media_id = media.media_id
        if media_id and not url:
            url = f"{self._world.public_url}/sandbox/media/{media_id}"
        clean = act.model_copy(update={"text": sendable(act.text)}) if act.text else act
        return message_fields(clean, media_id=media_id, media_url=url, wecom=wecom)

    def _file(self, act: Act, account: KfAccount) -> str:
        """Keep what somebody sends to customer service and return its media id."""
        content_type, kind = _FILES[act.act]
        return account.corp.media.add(_PIXEL, type=kind, content_type=content_type, now=self._clock.now()).media_id

    def _picture(self, act: Act, store: MediaStore) -> bytes:
        if act.act not in PICTURES or not act.media_id:
            return _PIXEL
        media = store.get(act.media_id, now=self._clock.now())
        if media is None:
            raise ControlError(404, f"平台没有编号为 {act.media_id} 的文件，请重新上传")
        return media.data

    def _message_id(self, account: str, act: Act) -> int:
        own = (account, act.person)
        identifier = act.msg_id if act.msg_id is not None else self._world.message_ids.next()
        newest = self._newest.get(account)
        # A person's own ids never collide: two messages of one sender with one MsgId are one message to everybody.
        if newest is not None and newest != self._newest_of.get(own):
            people = frozenset({act.person})
            if self._faults.take(FaultKind.COLLIDING_MSGID, account=account, people=people) is not None:
                identifier = newest
        self._newest[account] = self._newest_of[own] = identifier
        return identifier

    def _push(
        self, account: OfficialAccount | WecomApp, act: Act, fields: dict[str, Any], *, grant: Grant | None
    ) -> Push:
        now = self._clock.now()
        if isinstance(account, OfficialAccount):
            openid = fields["FromUserName"]
            account.last_act[openid] = now
            if grant is not None:
                account.quota.trigger(openid, grant, now=now)
            person, owner = act.person, account.config.original_id
        else:
            person, owner = fields["FromUserName"], str(account.config.agent_id)
        key = message_key(fields, owner=owner, wecom=isinstance(account, WecomApp))
        kind = act.event if act.act == "raw_event" else act.msgtype if act.act == "raw_message" else act.act
        said = sendable(spoken(act, wecom=isinstance(account, WecomApp)))
        return self._pusher.push(account, person, fields=fields, key=key, kind=kind, text=said)


def _grant_of(event: str) -> Grant | None:
    if event in _TAPS or event in ("subscribe", "SCAN"):
        return TAP
    return None
