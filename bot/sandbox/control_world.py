"""The part of the control API that shows and changes the world: accounts, people, chats, QR codes and media."""

from __future__ import annotations

import dataclasses
from typing import Any, Literal

from aiohttp import web
from pydantic import Field

from bot.sandbox.chats import ChatKey, Chats
from bot.sandbox.clock import PlatformClock
from bot.sandbox.config import AesKey, MemberConfig, PersonConfig
from bot.sandbox.control_json import Input, read_input, reply
from bot.sandbox.control_menu import MaterialTap, material
from bot.sandbox.errors import ApiError, ControlError
from bot.sandbox.kf_account import WINDOW_SECONDS, KfAccount
from bot.sandbox.live import LiveChats
from bot.sandbox.oa_api import code_image
from bot.sandbox.push import Pusher
from bot.sandbox.record import Record
from bot.sandbox.world import Account, Follower, OfficialAccount, Relation, WecomApp, World


class AccountChange(Input):
    """New settings of an account; what is left out stays."""

    mode: Literal["safe", "compatible", "plain"] | None = None
    format: Literal["xml", "json"] | None = None
    callback_url: str | None = None
    token: str | None = None
    aes_key: AesKey | None = None
    ip_allow_list: list[str] | None = None


class RelationOrder(Input):
    """What stands between people and an account, set without telling the bot; what is left out stays."""

    account: str
    people: list[str] = Field(min_length=1)
    following: bool | None = None
    blacklisted: bool | None = None
    refusing: bool | None = None


class NewMember(Input):
    """A member who joins the corporation `corp_id`."""

    corp_id: str
    member: MemberConfig


class NewCode(Input):
    """A permanent QR code of an official account."""

    account: str
    scene: str = Field(min_length=1, max_length=64)


class WorldControl:
    """Accounts, people, chats, QR codes, media."""

    def __init__(self, *, world: World, clock: PlatformClock, record: Record, chats: Chats, pusher: Pusher) -> None:
        self._world = world
        self._record = record
        self._clock = clock
        self._chats = chats
        self._pusher = pusher
        self.live = LiveChats(chats, state=self._state)
        for account in world.official.values():
            for hanging in account.config.scenes:
                account.code(hanging.scene, ends=None)

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of this family."""
        return [
            web.get("/sandbox/accounts", self._accounts),
            web.patch("/sandbox/accounts/{name}", self._change_account),
            web.get("/sandbox/people", self._people),
            web.post("/sandbox/people", self._add_person),
            web.post("/sandbox/members", self._add_member),
            web.post("/sandbox/relations", self._relate),
            web.get("/sandbox/chat", self._chat),
            web.get("/sandbox/live", self._live),
            web.post("/sandbox/qrcodes", self._add_code),
            web.get("/sandbox/qrcodes/{ticket}", self._show_code),
            web.post("/sandbox/menu/material", self._deliver_material),
            web.post("/sandbox/media", self._add_media),
            web.get("/sandbox/media/{id}", self._show_media),
        ]

    async def _accounts(self, request: web.Request) -> web.Response:
        accounts: list[Account] = [
            *self._world.official.values(),
            *self._world.apps.values(),
            *self._world.desks.values(),
        ]
        return reply({"accounts": [self._described(account) for account in accounts]})

    async def _change_account(self, request: web.Request) -> web.Response:
        account = self._world.account(request.match_info["name"])
        change = (await read_input(request, AccountChange)).model_dump(exclude_none=True)
        if isinstance(account, OfficialAccount):
            account.configure(account.config.model_copy(update=change))
        elif {"mode", "format"} & set(change):
            raise ControlError(409, "企业微信应用和微信客服只有加密的 XML，不能改 mode 和 format")
        elif isinstance(account, KfAccount):
            account.configure(account.config.model_copy(update=change))
        else:
            account.configure(account.config.model_copy(update=change))
        return reply(self._described(account))

    async def _people(self, request: web.Request) -> web.Response:
        people = [self._person(person) for person in self._world.people.values()]
        members = [
            {"id": m.userid, "userid": m.userid, "name": m.name, "kind": "member", "corp_id": corp.config.corp_id}
            for corp in self._world.corps.values()
            for m in corp.members
        ]
        return reply({"people": people, "members": members})

    async def _add_person(self, request: web.Request) -> web.Response:
        person = await read_input(request, PersonConfig)
        accounts = [self._official(name) for name in person.follows]
        self._world.add_person(person)
        for account in accounts:
            account.followers.setdefault(person.id, Follower(since=self._clock.now()))
        await self._keep("/sandbox/people", {"person": person.model_dump()})
        return reply(self._person(person))

    async def _add_member(self, request: web.Request) -> web.Response:
        order = await read_input(request, NewMember)
        corp = self._world.corps.get(order.corp_id)
        if corp is None:
            raise ControlError(404, f"沙箱里没有企业 {order.corp_id}，现有：{'、'.join(self._world.corps)}")
        corp.add_member(order.member)
        await self._keep("/sandbox/members", {"corp_id": order.corp_id, "member": order.member.model_dump()})
        return reply(order.member.model_dump())

    async def _relate(self, request: web.Request) -> web.Response:
        order = await read_input(request, RelationOrder)
        account = self._official(order.account)
        wanted = order.model_dump(include={"following", "blacklisted", "refusing"}, exclude_none=True)
        people = [self._world.person(identifier).id for identifier in order.people]
        for person in people:
            account.relate(person, Relation(**wanted), now=self._clock.now())
        await self._keep("/sandbox/relations", {"people": people, "relation": wanted}, account=account.name)
        for person in people:
            self._chats.tell((account.name, person), {"event": "state", "state": self._state((account.name, person))})
        return reply({"ok": True})

    async def _chat(self, request: web.Request) -> web.Response:
        key = self._key(request)
        return reply({"messages": self._chats.messages(key), **self._state(key)})

    async def _live(self, request: web.Request) -> web.StreamResponse:
        return await self.live.serve(request, self._key(request))

    async def _add_code(self, request: web.Request) -> web.Response:
        order = await read_input(request, NewCode)
        code = dataclasses.asdict(self._official(order.account).code(order.scene, ends=None))
        await self._keep("/sandbox/qrcodes", {"code": code}, account=order.account)
        return reply(code)

    async def _show_code(self, request: web.Request) -> web.Response:
        ticket = request.match_info["ticket"]
        for account in self._world.official.values():
            if ticket in account.codes:
                return web.Response(body=code_image(account.codes[ticket]), content_type="image/png")
        raise ControlError(404, "没有这个二维码")

    async def _deliver_material(self, request: web.Request) -> web.Response:
        tap = await read_input(request, MaterialTap)
        account, person = self._official(tap.account), self._world.person(tap.person).id
        if person not in account.followers:
            raise ControlError(409, f"{person} 还没有关注「{account.config.title}」，请先关注")
        now = self._clock.now()
        seen = {"via": "menu", "push": None, **material(tap, account, now=now).described()}
        self._chats.add((account.name, person), {"at": now, "from": "account", **seen})
        return reply({"shown": [seen]})

    async def _add_media(self, request: web.Request) -> web.Response:
        kind = request.query.get("type", "image")
        account = self._world.account(request.query.get("account", ""))
        store = account.media if isinstance(account, OfficialAccount) else account.corp.media
        try:
            media = store.add(await request.read(), type=kind, content_type=request.content_type, now=self._clock.now())
        except ApiError as error:
            raise ControlError(422, f"不能上传这个文件：{error}") from error
        return reply({"media_id": media.media_id, "url": f"/sandbox/media/{media.media_id}"})

    async def _show_media(self, request: web.Request) -> web.Response:
        stores = [account.media for account in self._world.official.values()]
        for store in (*stores, *(corp.media for corp in self._world.corps.values())):
            media = store.get(request.match_info["id"], now=self._clock.now())
            if media is not None:
                headers = {"Content-Type": media.content_type, "X-Content-Type-Options": "nosniff"}
                return web.Response(body=media.data, headers=headers)
        raise ControlError(404, "没有这个文件，或者它已经过了三天")

    async def _keep(self, path: str, kept: dict[str, Any], *, account: str = "") -> None:
        """Put on record what a restarted sandbox must know (`replay.py`), in the shape of a call of a server API."""
        await self._record.write({"what": "call", "path": path, "account": account, "errcode": 0, "kept": kept})

    def _key(self, request: web.Request) -> ChatKey:
        account = self._world.account(request.query.get("account", ""))
        person = request.query.get("person", "")
        if not person:
            raise ControlError(422, "请写上 person")
        return account.name, self._world.member(account, person).userid if isinstance(account, WecomApp) else person

    def _state(self, key: ChatKey) -> dict[str, Any]:
        name, person = key
        account = self._world.account(name)
        state: dict[str, Any] = {"pending": self._pusher.pending[key]}
        if isinstance(account, WecomApp):
            return {**state, "following": person not in account.left}
        if isinstance(account, KfAccount):
            return {**state, **self._desk_state(account, person)}
        openid = account.openid(self._world.person(person).id)
        window = account.quota.window(openid)
        now = self._clock.now()
        return {
            **state,
            "following": person in account.followers,
            "openid": openid,
            "quota": {"left": window.left(now), "until": window.until},
            "typing": now < account.typing_since.get(openid, float("-inf")) + 15,
        }

    def _desk_state(self, account: KfAccount, person: str) -> dict[str, Any]:
        now, session = self._clock.now(), account.session(person)
        return {
            "following": None,
            "external_userid": account.external_userid(self._world.person(person).id),
            "session": {"state": session.state_at(now), "servicer": session.servicer},
            "quota": {"left": session.left(now), "until": (session.spoke_at or 0.0) + WINDOW_SECONDS},
        }

    def _official(self, name: str) -> OfficialAccount:
        account = self._world.account(name)
        if not isinstance(account, OfficialAccount):
            raise ControlError(409, f"{name} 不是公众号，这里要写公众号")
        return account

    def _described(self, account: Account) -> dict[str, Any]:
        config = account.config
        common = {"name": config.name, "title": config.title, "channel": account.channel, "menu": account.menu}
        common["callback_url"] = config.callback_url
        if isinstance(account, WecomApp):
            corp = account.corp.config
            ids = {"corp_id": corp.corp_id, "corp_title": corp.title, "agent_id": account.config.agent_id}
            return {**common, **ids, "kind": "application"}
        if isinstance(account, KfAccount):
            corp = account.corp.config
            ids = {"corp_id": corp.corp_id, "corp_title": corp.title, "open_kfid": account.config.open_kfid}
            return {**common, **ids, "kind": "customer_service", "servicers": account.config.servicers}
        official = account.config
        return {
            **common,
            "app_id": official.app_id,
            "original_id": official.original_id,
            "kind": official.kind,
            "mode": official.mode,
            "format": official.format,
            "scenes": [self._code(code.ticket, account) for code in account.codes.values()],
        }

    def _code(self, ticket: str, account: OfficialAccount) -> dict[str, Any]:
        code = account.codes[ticket]
        title = next((hanging.title for hanging in account.config.scenes if hanging.scene == code.scene), "")
        return {**dataclasses.asdict(code), "title": title, "image": f"/sandbox/qrcodes/{ticket}"}

    def _person(self, person: PersonConfig) -> dict[str, Any]:
        official = self._world.official.values()
        return {
            "id": person.id,
            "name": person.name,
            "kind": "customer",
            "unionid": person.unionid,
            "openids": {account.name: account.openid(person.id) for account in official},
            "follows": [account.name for account in official if person.id in account.followers],
        }
