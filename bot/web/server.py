"""The web application of a process and the socket it listens on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from aiohttp import web

from bot.accounts import AccountKit
from bot.handover import HandoverRooms
from bot.people import People
from bot.settings import Settings
from bot.web.callbacks import CallbackPage, Receiver
from bot.web.content_pictures import ContentPicturePage
from bot.web.health import HealthPages
from bot.web.metrics import Meters, MetricsPage
from bot.web.my_data import MyDataPage
from bot.web.staff_pages import staff_pages
from bot.web.staff_web import mount
from handlers.clock import Clock
from handlers.conversation.lanes import Lanes
from storage.handover_list import HandoverList
from storage.migrate import check_schema

if TYPE_CHECKING:
    from bot.app import Stores

#: Seconds that open requests get to end when the process stops.
_SHUTDOWN_SECONDS = 6.0


def build_web(
    *,
    kits: Mapping[int, AccountKit],
    receivers: Mapping[int, Receiver],
    stores: Stores,
    lanes: Lanes,
    clock: Clock,
    settings: Settings,
    meters: Meters,
    people: People | None,
    handover: HandoverRooms,
) -> web.Application:
    """Return the application: a static callback path an account, health, metrics; with `people` console and API."""
    app = web.Application(client_max_size=settings.callbacks.max_body_bytes)
    for account_id, receiver in receivers.items():
        kit = kits[account_id]
        name = kit.served.info.name
        page = CallbackPage(account=name, reader=kit.reader, inbox=receiver, clock=clock, meter=meters.of_account(name))
        app.router.add_get(f"/callback/{name}", page.verify, allow_head=False)
        app.router.add_post(f"/callback/{name}", page.receive)

    async def schema() -> None:
        await check_schema(stores.database)

    health = HealthPages({"database": stores.database.check, "schema": schema})
    metrics = MetricsPage(
        meters,
        outbox=stores.outbox,
        replies=stores.replies,
        handovers=HandoverList(stores.database),
        lanes=lanes,
        clock=clock,
    )
    app.router.add_get("/health/live", health.live)
    app.router.add_get("/health/ready", health.ready)
    app.router.add_get("/metrics", metrics.show)
    if people is not None:
        MyDataPage(people.own_data).mount(app)
        ContentPicturePage(people.contents.reading).mount(app)
        pages = staff_pages(
            people,
            database=stores.database,
            outbox=stores.outbox,
            replies=stores.replies,
            handover=handover,
            clock=clock,
            settings=settings,
        )
        mount(
            app,
            people,
            handover=handover,
            database=stores.database,
            clock=clock,
            settings=settings,
            kits=kits,
            pages=pages,
        )
    return app


class WebServer:
    """Listens until stopped."""

    def __init__(self, app: web.Application, *, host: str, port: int) -> None:
        # No platform compresses its callbacks. Bodies are taken as they come: unpacking what anybody sends would be
        # work for a stranger (and a failure inside aiohttp when it is no gzip) before the signature is looked at.
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS, auto_decompress=False)
        self._host = host
        self._port = port

    async def start(self) -> None:
        """Begin to listen. Raises OSError when the address is taken."""
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port, reuse_address=True, backlog=1024).start()

    @property
    def addresses(self) -> list[str]:
        """The addresses it listens on; with port 0 the system chose one."""
        return [f"http://{host}:{port}" for host, port, *_ in self._runner.addresses]

    async def stop(self) -> None:
        """Stop listening; open requests are finished first."""
        await self._runner.cleanup()
