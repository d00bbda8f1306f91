"""The composition root: every object of a process is built here, from settings, once, and taken down in reverse."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random
from typing import Final

import aiohttp
import structlog

from bot.accounts import AccountKit, build_kits
from bot.background import Background
from bot.benefits import build_benefit_desk
from bot.clock import SandboxClock, open_clock
from bot.handover import HandoverRooms, build_handover
from bot.lock import ServeLock
from bot.outbound import open_http
from bot.people import build_people
from bot.policies.build import build_policy_desk, build_source
from bot.privacy import build_privacy_desk
from bot.pulling import build_doorbells, build_puller, fetched, open_pulls
from bot.roles import Role, check_roles
from bot.scheduler.build import build_scheduler
from bot.settings import Settings
from bot.staff import branch_rows, staff_rows
from bot.tasks import build_desk
from bot.web.metrics import Meters
from bot.web.server import WebServer, build_web
from content.loader import load_content
from content.tree import Content
from content.value import value
from handlers.clock import Clock
from handlers.conversation.accounts import ConversationConfig
from handlers.conversation.consent_choices import consent_labels
from handlers.conversation.elder import elder_labels
from handlers.conversation.elder_form import ElderForm
from handlers.conversation.inbox import Inbox
from handlers.conversation.lanes import Lanes
from handlers.conversation.menu import authored_labels
from handlers.conversation.notice import FirstNotice
from handlers.conversation.preferences import preference_labels
from handlers.conversation.recovery import Recovery
from handlers.conversation.routes import apologise, build_routes, commands_of
from handlers.conversation.sent import Sent
from handlers.conversation.standing import Standings
from handlers.conversation.turns import Turns
from handlers.conversation.watch import Watch
from handlers.delivery.governor import Governor
from handlers.delivery.retry import RetryPolicy
from handlers.delivery.sender import Sender, SenderConfig
from handlers.delivery.table import SendingTable
from handlers.policies.desk import PolicyDesk
from storage.accounts import Accounts
from storage.benefits import Benefits
from storage.database import Database, open_database
from storage.group_commit import GroupCommitWriter
from storage.handling import Handling
from storage.history import History
from storage.leaders import Leaders
from storage.log import Log
from storage.migrate import check_schema
from storage.organisation import Organisation
from storage.outbox import Outbox
from storage.preferences import PreferenceBook
from storage.probe import Probe, no_probe
from storage.received import LastReceived
from storage.replies import Replies
from storage.tokens import AccessTokens

log = structlog.get_logger()

#: Seconds a stopping process may take to finish the conversations it holds.
_LANES_GRACE: Final = 8.0
#: And the messages it is sending: a little longer than a call to a platform may take (`bot.channels.api`).
_SENDER_GRACE: Final = 24.0


@value
class Stores:
    """The repositories of one process."""

    database: Database
    writer: GroupCommitWriter
    log: Log
    handling: Handling
    replies: Replies
    outbox: Outbox
    tokens: AccessTokens


def open_stores(settings: Settings, *, probe: Probe = no_probe) -> Stores:
    """Return the repositories on the settings' database; nothing is connected yet."""
    database = open_database(settings.database_url, home=settings.home)
    writer = GroupCommitWriter(database)
    return Stores(
        database=database,
        writer=writer,
        log=Log(writer, probe=probe),
        handling=Handling(database, writer, probe=probe),
        replies=Replies(database, writer, probe=probe),
        outbox=Outbox(database, probe=probe),
        tokens=AccessTokens(database),
    )


class Process:
    """One running process in one or more roles."""

    def __init__(self, settings: Settings, roles: frozenset[Role], *, probe: Probe = no_probe) -> None:
        self._settings = settings
        self._roles = roles
        self._probe = probe
        self._holder = f"{os.uname().nodename}-{os.getpid()}-{secrets.token_hex(4)}"
        self._stack = AsyncExitStack()
        self.failed = asyncio.Event()

    async def start(self) -> list[str]:
        """Start everything; return the addresses it listens on.

        Raises StorageError, SettingsError, RolesRefused or SandboxUnavailable, with the mend.
        """
        settings = self._settings
        stores = open_stores(settings, probe=self._probe)
        self._stack.push_async_callback(stores.database.close)
        check_roles(self._roles, is_sqlite=stores.database.is_sqlite)
        await check_schema(stores.database)
        if stores.database.is_sqlite:
            self._stack.enter_context(ServeLock(Path(str(stores.database.url.database))))
        http = await self._stack.enter_async_context(open_http(settings))
        clock = await open_clock(settings.clock.sandbox_url, http)
        background = Background(on_vital_failure=self._on_vital_failure)
        if isinstance(clock, SandboxClock):
            background.start("sandbox-clock", clock.follow(), vital=True)
        kits = await self._bring_in(stores, http, clock)
        addresses = await self._start_roles(stores, clock, http, kits, background)
        log.info("The process serves.", action="serving", roles=sorted(self._roles), addresses=addresses)
        return addresses

    async def stop(self) -> None:
        """Finish or release what is held, then close everything."""
        await self._stack.aclose()
        log.info("The process has stopped.", action="stopped")

    def _on_vital_failure(self, name: str, error: BaseException) -> None:
        log.error("A vital task ended; the process stops.", action="vital_failure", task=name, error=str(error))
        self.failed.set()

    async def _bring_in(self, stores: Stores, http: aiohttp.ClientSession, clock: Clock) -> Mapping[int, AccountKit]:
        accounts = Accounts(stores.database)
        rows = await accounts.bring_in([(a.name, a.channel, a.realm, a.title) for a in self._settings.accounts])
        await Organisation(stores.database).bring_in(staff_rows(self._settings), branches=branch_rows(self._settings))
        return build_kits(self._settings, rows, http=http, clock=clock, tokens=stores.tokens)

    async def _start_roles(
        self,
        stores: Stores,
        clock: Clock,
        http: aiohttp.ClientSession,
        kits: Mapping[int, AccountKit],
        background: Background,
    ) -> list[str]:
        settings = self._settings
        content = load_content(settings.home)
        await Benefits(stores.database).bring_in(content.benefits.catalogue, now=clock.now())
        meters = Meters()
        table = SendingTable(settings.limits.figures())
        governor = Governor(
            table, reply_reserve=settings.delivery.reply_reserve, unasked=settings.delivery.unasked_marketing
        )
        sender = Sender(
            outbox=stores.outbox,
            governor=governor,
            policy=RetryPolicy(rng=Random()),
            outlets={account_id: kit.outlet for account_id, kit in kits.items()},
            clock=clock,
            holder=self._holder,
            config=SenderConfig(claim_size=settings.delivery.claim_size, lease=settings.delivery.lease_seconds),
            on_settled=meters.delivery_settled,
        )
        policies = await build_policy_desk(settings, stores.database, content, http=http, clock=clock)
        handover = build_handover(
            stores.database,
            content,
            kits,
            settings=settings,
            governor=governor,
            clock=clock,
            on_outbox=sender.wake,
        )
        turns = self._turns(stores, clock, kits, content, governor, policies, handover)
        lanes = Lanes(
            handling=stores.handling,
            turns=turns,
            accounts=kits.keys(),
            clock=clock,
            holder=self._holder,
            config=self._config(),
            on_outbox=sender.wake,
        )
        if stores.database.is_sqlite:
            await stores.handling.release_all(now=clock.now())
            await stores.outbox.release_all()
            await Leaders(stores.database).step_down_all(now=clock.now())
        # Taken down in reverse: the web edge, what takes work up, the lanes that hold some, the writer, and the ticks,
        # whose last act seals what was said to the end.
        if Role.SCHEDULER in self._roles:
            scheduler = await build_scheduler(
                stores,
                kits,
                content,
                settings=settings,
                clock=clock,
                holder=self._holder,
                sender=sender,
                meters=meters,
                handover=handover,
            )
            scheduler.start()
            self._stack.push_async_callback(scheduler.stop)
        self._stack.push_async_callback(stores.writer.close)
        self._stack.push_async_callback(lanes.finish, seconds=_LANES_GRACE)
        self._stack.push_async_callback(background.stop, _SENDER_GRACE)
        pulls = await open_pulls(stores.database, kits, clock=clock, probe=self._probe)
        inboxes = self._inboxes(stores, clock, kits, lanes, turns, table)
        puller = build_puller(
            stores.database,
            pulls,
            kits,
            inboxes,
            settings=settings,
            clock=clock,
            holder=self._holder,
            sessions=handover.following,
        )
        if Role.WORKER in self._roles:
            background.start("sender", sender.run(background.stopping), vital=True, finishes=True)
            recovery = Recovery(lanes=lanes, clock=clock)
            background.start("recovery", recovery.run(background.stopping), vital=True)
            if fetched(kits):
                background.start("puller", puller.run(background.stopping), vital=True, finishes=True)
        doorbells = build_doorbells(pulls, kits, settings=settings, clock=clock, wake=puller.wake)
        server = WebServer(
            build_web(
                kits=kits,
                receivers={**inboxes, **doorbells} if Role.WEB in self._roles else {},
                stores=stores,
                lanes=lanes,
                clock=clock,
                settings=settings,
                meters=meters,
                people=build_people(
                    stores.database,
                    clock=clock,
                    settings=settings,
                    source=build_source(settings, stores.database, http=http, clock=clock),
                    marketing=content.marketing,
                    audience=content.audience,
                    content=content,
                )
                if Role.WEB in self._roles
                else None,
                handover=handover,
            ),
            host=settings.web.host,
            port=settings.web.port,
        )
        await server.start()
        self._stack.push_async_callback(server.stop)
        return server.addresses

    def _config(self) -> ConversationConfig:
        conversation = self._settings.conversation
        return ConversationConfig(
            deadline=conversation.deadline_seconds,
            lease=conversation.lease_seconds,
            idle_close=conversation.idle_close_hours * 3600,
        )

    def _turns(
        self,
        stores: Stores,
        clock: Clock,
        kits: Mapping[int, AccountKit],
        content: Content,
        governor: Governor,
        policies: PolicyDesk | None,
        handover: HandoverRooms,
    ) -> Turns:
        history = History(stores.database)
        return Turns(
            routes=build_routes(
                content,
                tasks=build_desk(stores.database, content, clock=clock),
                receipts=LastReceived(stores.database),
                privacy=build_privacy_desk(stores.database, content, settings=self._settings, clock=clock),
                policies=policies,
                handover=handover.desks,
                history=history,
                preferences=PreferenceBook(stores.database),
                benefits=build_benefit_desk(stores.database, content, clock=clock),
            ),
            standings=Standings(
                history,
                labels=authored_labels(content)
                | consent_labels(content)
                | elder_labels(content)
                | preference_labels(content)
                | frozenset(content.callback.labels()),
            ),
            accounts={account_id: kit.served for account_id, kit in kits.items()},
            governor=governor,
            apology=apologise(content),
            elder_form=ElderForm(content),
            notice=FirstNotice(content) if self._settings.consent.ask else None,
            commands=commands_of(content, policies=policies),
            clock=clock,
            config=self._config(),
        )

    def _inboxes(
        self,
        stores: Stores,
        clock: Clock,
        kits: Mapping[int, AccountKit],
        lanes: Lanes,
        turns: Turns,
        table: SendingTable,
    ) -> dict[int, Inbox]:
        watch = Watch(stores.replies, clock=clock)
        sent = Sent(stores.replies)
        self._stack.push_async_callback(sent.finish)
        return {
            account_id: Inbox(
                kit.served,
                table=table,
                log=stores.log,
                replies=stores.replies,
                lanes=lanes,
                turns=turns,
                watch=watch,
                sent=sent,
                clock=clock,
                config=self._config(),
            )
            for account_id, kit in kits.items()
        }
