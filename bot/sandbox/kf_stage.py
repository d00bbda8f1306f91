"""What customers and servicers do in WeChat customer service: what stands in the account's log, and the doorbell.

WeCom docs: sync_msg (messages and events), callbacks (kf_msg_or_event).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Any, Literal
from urllib.parse import quote

from pydantic import Field

from bot.sandbox.acts import Act
from bot.sandbox.clock import PlatformClock
from bot.sandbox.control_json import Input
from bot.sandbox.envelope import sendable
from bot.sandbox.errors import ControlError
from bot.sandbox.kf_account import BOT, CUSTOMER, ENDED, NEW, PERSON, POOL, SERVICER, SYSTEM, WINDOW_SECONDS, KfAccount
from bot.sandbox.push import Push, Pusher, Running
from bot.sandbox.world import World

#: How long the code of an event counts, and with what it may be answered.
WELCOME_SECONDS = 20.0
TEXT_OR_MENU = frozenset({"text", "msgmenu"})
_FILES = frozenset({"image", "voice", "video", "file"})
_TOLD = {
    "media_id": "MediaId",
    "url": "Url",
    "desc": "Description",
    "latitude": "Location_X",
    "longitude": "Location_Y",
}


class ServicerAct(Input):
    """Something a servicer does in WeCom: takes a customer, speaks, hands over, ends; begins or ends work."""

    account: str
    servicer: str
    person: str = ""
    act: Literal["take", "text", "transfer", "end", "recall", "on_duty", "off_duty"]
    text: str = Field(default="", max_length=2000)
    #: To whom a customer is handed over.
    to: str = ""
    wait: bool = True


class KfStage:
    """Where they act."""

    def __init__(
        self, *, world: World, clock: PlatformClock, pusher: Pusher, file: Callable[[Act, KfAccount], str]
    ) -> None:
        """`file` returns the media id of what a customer sends, made when the act names none."""
        self._world = world
        self._clock = clock
        self._pusher = pusher
        self._file = file

    def perform(self, account: KfAccount, act: Act) -> Push:
        """Let a customer act. Raises ControlError: 409 they cannot do this here."""
        person = self._world.person(act.person).id
        external = account.external_userid(person)
        at = float(act.create_time) if act.create_time is not None else self._clock.now()
        match act.act:
            case "enter":
                return self.tell(account, person, act.act, self._entered(account, person, act, at), at=at)
            case "reject" | "accept":
                switch = {"event_type": "reject_customer_msg_switch_change", "reject_switch": int(act.act == "reject")}
                return self.tell(account, person, act.act, switch, at=at)
            case "recall":
                said = [i for _, i in account.log if i.get("origin") == CUSTOMER and i["external_userid"] == external]
                if not said:
                    raise ControlError(409, f"{person} 在「{account.config.title}」还没有说过话，没有可以撤回的")
                event = {"event_type": "user_recall_msg", "recall_msgid": said[-1]["msgid"]}
                return self.tell(account, person, act.act, event, at=at)
            case "raw_event":
                return self.tell(account, person, act.event, {"event_type": act.event, **act.fields}, at=at)
        content = self._content(account, act)
        kind = act.msgtype if act.act == "raw_message" else act.act
        item = {**_head(at, CUSTOMER), "external_userid": external, "msgtype": kind, kind: content}
        return self._push(account, person, item, kind=kind, text=sendable(_spoken(act)), at=at)

    def serve(self, order: ServicerAct) -> Running:
        """Let a servicer act. Raises ControlError: 404 nobody of the account's, 409 they cannot do this now."""
        account = self._world.kf_account(order.account)
        if order.servicer not in account.config.servicers:
            known = "、".join(account.config.servicers)
            raise ControlError(404, f"{order.servicer} 不是「{account.config.title}」的接待人员，现有：{known}")
        return self._pusher.start(self._served(account, order))

    def tell(self, account: KfAccount, person: str, kind: str, event: Mapping[str, Any], *, at: float) -> Push:
        """Put an event about a customer into the log and return its doorbell, not yet rung."""
        about = {**event, "open_kfid": account.config.open_kfid, "external_userid": account.external_userid(person)}
        item = {**_head(at, SYSTEM), "msgtype": "event", "event": about}
        return self._push(account, person, item, kind=kind, text=str(event["event_type"]), at=at, speaker="")

    def _served(self, account: KfAccount, order: ServicerAct) -> Push:
        at, servicer = self._clock.now(), order.servicer
        if order.act in ("on_duty", "off_duty"):
            (account.on_duty.add if order.act == "on_duty" else account.on_duty.discard)(servicer)
            event = {
                "event_type": "servicer_status_change",
                "servicer_userid": servicer,
                "status": 1 if order.act == "on_duty" else 2,
                "open_kfid": account.config.open_kfid,
            }
            item = {**_head(at, SYSTEM), "msgtype": "event", "event": event}
            return self._push(account, servicer, item, kind=order.act, text=order.act, at=at, speaker="")
        person = self._world.person(order.person).id
        session = account.session(person)
        state = session.state_at(at)
        if order.act == "take":
            if state == PERSON:
                raise ControlError(409, f"{session.servicer} 正在接待 {person}")
            change = {"change_type": 4 if state == ENDED else 1, "new_servicer_userid": servicer}
            assert state in (NEW, BOT, POOL, ENDED)
            return self._changed(account, person, change, at=at)
        if state != PERSON or session.servicer != servicer:
            raise ControlError(409, f"{servicer} 没有在接待 {person}，请先接入（take）")
        if order.act in ("transfer", "end"):
            if order.act == "transfer" and order.to not in account.config.servicers:
                raise ControlError(404, f"没有接待人员 {order.to}")
            change = {"change_type": 2 if order.act == "transfer" else 3, "old_servicer_userid": servicer}
            change |= {"new_servicer_userid": order.to} if order.act == "transfer" else {}
            return self._changed(account, person, change, at=at)
        if order.act == "recall":
            said = [i for _, i in account.log if i.get("origin") == SERVICER and i.get("servicer_userid") == servicer]
            if not said:
                raise ControlError(409, f"{servicer} 还没有说过话")
            event = {
                "event_type": "servicer_recall_msg",
                "servicer_userid": servicer,
                "recall_msgid": said[-1]["msgid"],
            }
            return self.tell(account, person, "servicer_recall", event, at=at)
        if not order.text:
            raise ControlError(422, "请写上要说的话（text）")
        said_by = {
            **_head(at, SERVICER),
            "external_userid": account.external_userid(person),
            "servicer_userid": servicer,
        }
        item = {**said_by, "msgtype": "text", "text": {"content": sendable(order.text)}}
        return self._push(account, person, item, kind="text", text=sendable(order.text), at=at, speaker=servicer)

    def _changed(self, account: KfAccount, person: str, change: dict[str, Any], *, at: float) -> Push:
        if change["change_type"] in (1, 3):
            ended = change["change_type"] == 3
            change["msg_code"] = account.code(
                person,
                seconds=WELCOME_SECONDS if ended else WINDOW_SECONDS,
                kinds=TEXT_OR_MENU if ended else frozenset({"text"}),
                now=at,
            )
        return self.tell(account, person, "session", {"event_type": "session_status_change", **change}, at=at)

    def _entered(self, account: KfAccount, person: str, act: Act, at: float) -> dict[str, Any]:
        event: dict[str, Any] = {"event_type": "enter_session", "scene": act.key or "page"}
        if act.scene:
            event["scene_param"] = quote(act.scene)
        session = account.session(person)
        recently = [moment for moment in (session.welcomed_at, session.spoke_at) if moment is not None]
        if all(at >= moment + WINDOW_SECONDS for moment in recently):
            event["welcome_code"] = account.code(person, seconds=WELCOME_SECONDS, kinds=TEXT_OR_MENU, now=at)
        return event

    def _content(self, account: KfAccount, act: Act) -> dict[str, Any]:
        match act.act:
            case "text":
                return {"content": sendable(act.text), **({"menu_id": act.option} if act.option is not None else {})}
            case kind if kind in _FILES:
                return {"media_id": act.media_id or self._file(act, account)}
            case "location":
                name, _, address = act.label.partition(" ")
                return {"latitude": act.latitude, "longitude": act.longitude, "name": name, "address": address}
            case "link":
                return {"title": act.title, "desc": act.description, "url": act.url, "pic_url": act.picurl}
            case "raw_message":
                return dict(act.fields)
            case _:
                raise ControlError(409, f"微信客服里没有这个动作（{act.act}）")

    def _push(
        self,
        account: KfAccount,
        person: str,
        item: dict[str, Any],
        *,
        kind: str,
        text: str,
        at: float,
        speaker: str = "person",
    ) -> Push:
        item = {**item, "open_kfid": account.config.open_kfid} if item["msgtype"] != "event" else item
        account.add(item, at=at)
        now = self._clock.now()
        fields = {
            "ToUserName": account.corp.config.corp_id,
            "CreateTime": int(now),
            "MsgType": "event",
            "Event": "kf_msg_or_event",
            "Token": account.ring(now=now),
            "OpenKfId": account.config.open_kfid,
        }
        content = item.get(item["msgtype"], {})
        told = {shown: content[name] for name, shown in _TOLD.items() if name in content}
        if item["msgtype"] == "location":
            told["Label"] = text
        push = self._pusher.push(
            account, person, fields=fields, key=f"kf:{account.config.open_kfid}:{item['msgid']}", kind=kind, text=text
        )
        push.told, push.kept, push.speaker = told, {"kf": item, "kf_at": at}, speaker
        return push


def _head(at: float, origin: int) -> dict[str, Any]:
    return {"msgid": secrets.token_urlsafe(24), "send_time": int(at), "origin": origin}


def _spoken(act: Act) -> str:
    match act.act:
        case "location":
            return act.label
        case "link":
            return act.title
        case _:
            return act.text
