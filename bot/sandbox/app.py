"""The composition of the sandbox: every part is made here once and handed to those who need it."""

from __future__ import annotations

import random
import resource
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from aiohttp import web

from bot.sandbox.chats import Chats
from bot.sandbox.clock import PlatformClock, RealClock, VirtualClock
from bot.sandbox.config import SandboxConfig
from bot.sandbox.control import Control
from bot.sandbox.control_json import refuse_politely
from bot.sandbox.control_register import RegisterControl
from bot.sandbox.control_world import WorldControl
from bot.sandbox.faults import FaultBook
from bot.sandbox.gateway import Gateway
from bot.sandbox.kf_account import KfAccount
from bot.sandbox.kf_api import KfApi, KfTokens
from bot.sandbox.kf_control import KfControl
from bot.sandbox.live import ClockStream
from bot.sandbox.mass_sender import MassSender
from bot.sandbox.oa_api import OfficialApi
from bot.sandbox.oa_draft_api import OfficialDraftApi
from bot.sandbox.oa_mass_api import OfficialMassApi
from bot.sandbox.oa_message_api import OfficialMessageApi
from bot.sandbox.oa_tags_api import OfficialTagsApi
from bot.sandbox.oa_token_api import OfficialTokenApi
from bot.sandbox.phone import routes as phone_routes
from bot.sandbox.push import Pusher
from bot.sandbox.record import Record
from bot.sandbox.replay import Memory, replay
from bot.sandbox.sms import SmsGateway
from bot.sandbox.stage import Stage
from bot.sandbox.tokens import TokenBook
from bot.sandbox.verify import Verifier
from bot.sandbox.wecom_api import WecomApi, check_address
from bot.sandbox.wecom_contacts_api import WecomContactsApi
from bot.sandbox.wecom_oauth import WecomOauth
from bot.sandbox.wecom_sent import SentBook
from bot.sandbox.world import OfficialAccount, WecomApp, World

_MAX_BODY_BYTES = 32 << 20


@asynccontextmanager
async def sandbox(config: SandboxConfig, *, home: Path) -> AsyncIterator[web.Application]:
    """Yield the sandbox's web application; `home` is the directory that a relative record path starts from."""
    clock: PlatformClock
    if config.clock.mode == "virtual":
        start = config.clock.start_epoch()
        record = Record(home / config.record, now=lambda: clock.now())
        clock = VirtualClock(time.time() if start is None else start, settle=record.settle)
    else:
        clock = RealClock(config.clock.start_epoch())
        record = Record(home / config.record, now=clock.now)
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=30)
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=None)
    async with (
        record,
        aiohttp.ClientSession(connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as session,
    ):
        house = _House(config, clock=clock, record=record, session=session)
        await replay(record, house.memory)
        house.masses.resume()
        try:
            yield house.application()
        finally:
            await house.masses.stop()
            await house.pusher.stop()


class _House:
    """Everything that lives as long as the sandbox."""

    def __init__(
        self, config: SandboxConfig, *, clock: PlatformClock, record: Record, session: aiohttp.ClientSession
    ) -> None:
        rules = config.rules
        self._clock = clock
        self._record = record
        self._faults = FaultBook(random.Random(config.seed))
        self._chats = Chats(length=config.chat_length)
        self.world = World(config, now=clock.now(), lines_on_record=record.last)
        self.pusher = Pusher(
            session=session,
            clock=clock,
            record=record,
            chats=self._chats,
            faults=self._faults,
            rules=rules,
        )
        self.masses = MassSender(
            world=self.world, clock=clock, record=record, chats=self._chats, pusher=self.pusher, rules=rules
        )
        self._stage = Stage(world=self.world, clock=clock, faults=self._faults, pusher=self.pusher)
        self._verifier = Verifier(session=session, clock=clock, rules=rules)
        self._stream = ClockStream(clock)
        self._world_control = WorldControl(
            world=self.world, clock=clock, record=record, chats=self._chats, pusher=self.pusher
        )
        self._register_control = RegisterControl(world=self.world, clock=clock, record=record, pusher=self.pusher)
        self.memory = Memory(
            world=self.world,
            chats=self._chats,
            sent=SentBook(rules),
            official_tokens=TokenBook(mark="oa", superseded=40001),
            wecom_tokens=TokenBook(mark="wecom", superseded=40014),
        )
        self._kf_tokens = KfTokens(self.memory.wecom_tokens)
        self._rules = rules

    def application(self) -> web.Application:
        """Return the web application with all routes: one list, in this order."""
        app = web.Application(middlewares=[refuse_politely], client_max_size=_MAX_BODY_BYTES)
        app.add_routes(
            [
                *self._official_routes(),
                *self._wecom_routes(),
                *self._kf_routes(),
                *KfControl(self._stage.customer_service).routes(),
                *self._control().routes(),
                *self._world_control.routes(),
                *self._register_control.routes(),
                *phone_routes(),
                *SmsGateway(self._record).routes(),
            ]
        )
        app.on_shutdown.append(self._close_sockets)
        return app

    def _official_routes(self) -> list[web.RouteDef]:
        tokens = self.memory.official_tokens
        gateway: Gateway[OfficialAccount] = Gateway(
            channel="wechat",
            prefix="/oa",
            tokens=tokens,
            clock=self._clock,
            record=self._record,
            chats=self._chats,
            faults=self._faults,
        )
        return gateway.routes(
            OfficialTokenApi(world=self.world, tokens=tokens, rules=self._rules).routes(),
            OfficialMessageApi(chats=self._chats, rules=self._rules).routes(),
            OfficialApi(world=self.world, page=self._rules.list_page, image_bytes=self._rules.oa_image_bytes).routes(),
            OfficialTagsApi(page=self._rules.list_page).routes(),
            OfficialDraftApi().routes(),
            OfficialMassApi(self.masses).routes(),
        )

    def _wecom_routes(self) -> list[web.RouteDef]:
        tokens = self.memory.wecom_tokens
        gateway: Gateway[WecomApp] = Gateway(
            channel="wecom",
            prefix="/wecom",
            tokens=tokens,
            clock=self._clock,
            record=self._record,
            chats=self._chats,
            faults=self._faults,
            allow=check_address,
        )
        api = WecomApi(
            world=self.world,
            tokens=tokens,
            kf_tokens=self._kf_tokens,
            chats=self._chats,
            faults=self._faults,
            sent=self.memory.sent,
            rules=self._rules,
        )
        oauth = WecomOauth(world=self.world, clock=self._clock)
        contacts = WecomContactsApi(page=self._rules.list_page)
        routes = gateway.routes(api.routes(), contacts.routes(), oauth.api_routes())
        return [*routes, *oauth.page_routes(prefix="/wecom")]

    def _kf_routes(self) -> list[web.RouteDef]:
        gateway: Gateway[KfAccount] = Gateway(
            channel="wecom",
            prefix="/wecom",
            tokens=self._kf_tokens,
            clock=self._clock,
            record=self._record,
            chats=self._chats,
            faults=self._faults,
            allow=check_address,
        )
        stage = self._stage.customer_service
        api = KfApi(world=self.world, stage=stage, pusher=self.pusher, faults=self._faults, rules=self._rules)
        return gateway.routes(api.routes())

    def _control(self) -> Control:
        return Control(
            world=self.world,
            clock=self._clock,
            stream=self._stream,
            record=self._record,
            stage=self._stage,
            pusher=self.pusher,
            faults=self._faults,
            verifier=self._verifier,
        )

    async def _close_sockets(self, app: web.Application) -> None:
        await self._stream.close()
        await self._world_control.live.close()


def raise_file_limit() -> None:
    """Allow as many open connections as the system lets this process have: one for every push under way."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
