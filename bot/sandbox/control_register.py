"""The part of the control API for registers: crowds of followers, tags, departments, members who leave."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from pydantic import Field

from bot.sandbox.acts import message_key
from bot.sandbox.clock import PlatformClock
from bot.sandbox.config import DepartmentConfig
from bot.sandbox.control_json import Input, read_input, reply
from bot.sandbox.errors import ControlError
from bot.sandbox.push import Pusher
from bot.sandbox.record import Record
from bot.sandbox.world import Corp, OfficialAccount, World


class Crowd(Input):
    """So many followers at once, told to nobody: PREFIX00000001 and so on; they follow one account and do nothing."""

    account: str
    count: int = Field(ge=1, le=2_000_000)
    prefix: str = Field(default="crowd", min_length=1, max_length=32)


class TagOrder(Input):
    """A tag of an account and who bears it from now on; a tag that nobody knew is made."""

    account: str
    name: str = Field(min_length=1, max_length=30)
    people: list[str] = Field(default_factory=list)


class NewDepartment(Input):
    """A department of the corporation `corp_id`, new or with another name or place."""

    corp_id: str
    department: DepartmentConfig


class Leaver(Input):
    """A member who leaves the corporation; `tell` names the application whose callback hears of it."""

    corp_id: str
    userid: str
    tell: str = ""


class RegisterControl:
    """Changes whom the platforms list."""

    def __init__(self, *, world: World, clock: PlatformClock, record: Record, pusher: Pusher) -> None:
        self._world = world
        self._clock = clock
        self._record = record
        self._pusher = pusher

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of this family."""
        return [
            web.post("/sandbox/crowds", self._gather),
            web.post("/sandbox/tags", self._tag),
            web.post("/sandbox/departments", self._add_department),
            web.post("/sandbox/leavers", self._leave),
        ]

    async def _gather(self, request: web.Request) -> web.Response:
        order = await read_input(request, Crowd)
        account = self._official(order.account)
        account.gather(order.prefix, order.count, now=self._clock.now())
        await self._keep({"crowd": {"prefix": order.prefix, "count": order.count}}, account=account.name)
        return reply({"followers": len(account.followers)})

    async def _tag(self, request: web.Request) -> web.Response:
        order = await read_input(request, TagOrder)
        account = self._official(order.account)
        people = [self._world.person(person).id if person in self._world.people else person for person in order.people]
        tag_id = account.tag(order.name, people)
        await self._keep({"tag": {"name": order.name, "people": people}}, account=account.name)
        return reply({"id": tag_id, "name": order.name})

    async def _add_department(self, request: web.Request) -> web.Response:
        order = await read_input(request, NewDepartment)
        self._corp(order.corp_id).departments[order.department.id] = order.department
        await self._keep({"corp_id": order.corp_id, "department": order.department.model_dump()})
        return reply(order.department.model_dump())

    async def _leave(self, request: web.Request) -> web.Response:
        order = await read_input(request, Leaver)
        corp = self._corp(order.corp_id)
        if not corp.remove_member(order.userid):
            raise ControlError(404, f"企业 {corp.config.title} 里没有成员 {order.userid}")
        await self._keep({"corp_id": order.corp_id, "leaver": order.userid})
        if order.tell:
            await self._tell(corp, order)
        return reply({"left": order.userid})

    async def _tell(self, corp: Corp, order: Leaver) -> None:
        """Let the application's callback hear of it. WeCom doc 90240: change_contact."""
        app = self._world.apps.get(order.tell)
        if app is None or app.corp is not corp:
            raise ControlError(404, f"企业 {corp.config.title} 里没有应用 {order.tell}")
        fields = {
            "ToUserName": corp.config.corp_id,
            "FromUserName": "sys",
            "CreateTime": int(self._clock.now()),
            "MsgType": "event",
            "Event": "change_contact",
            "ChangeType": "delete_user",
            "UserID": order.userid,
        }
        key = message_key(fields, owner=str(app.config.agent_id), wecom=True)
        push = self._pusher.push(app, "sys", fields=fields, key=key, kind="change_contact", text="")
        await self._pusher.start(push).task

    def _official(self, name: str) -> OfficialAccount:
        account = self._world.account(name)
        if not isinstance(account, OfficialAccount):
            raise ControlError(409, f"{name} 是企业微信应用，这里要写公众号")
        return account

    def _corp(self, corp_id: str) -> Corp:
        corp = self._world.corps.get(corp_id)
        if corp is None:
            raise ControlError(404, f"沙箱里没有企业 {corp_id}，现有：{'、'.join(self._world.corps)}")
        return corp

    async def _keep(self, kept: dict[str, Any], *, account: str = "") -> None:
        """Put on record what a restarted sandbox must know (`replay.py`)."""
        line = {"what": "call", "path": "/sandbox/register", "account": account, "errcode": 0, "kept": kept}
        await self._record.write(line)
