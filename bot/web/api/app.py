"""The API as an application of its own, to be mounted at /api/v1."""

from __future__ import annotations

import json
from typing import Final

from aiohttp import web

from bot.handover import HandoverRooms
from bot.people import People
from bot.settings import Settings
from bot.web.api.audit import AuditRoutes
from bot.web.api.benefit_codes import BenefitCodeRoutes
from bot.web.api.benefit_stock import BenefitStockRoutes
from bot.web.api.benefits import BenefitRoutes
from bot.web.api.callbacks import CallbackRoutes
from bot.web.api.content_acting import ContentActing
from bot.web.api.content_changes import ContentChangeRoutes
from bot.web.api.content_decisions import ContentDecisionRoutes
from bot.web.api.contents import ContentRoutes
from bot.web.api.customers import CustomerRoutes
from bot.web.api.document import build_document
from bot.web.api.duty import DutyRoutes
from bot.web.api.endpoint import Endpoint, as_problems
from bot.web.api.facts import FactRoutes
from bot.web.api.handover_changes import HandoverChangeRoutes
from bot.web.api.handovers import HandoverRoutes
from bot.web.api.key_holders import KeyHolders
from bot.web.api.me import MeRoutes
from bot.web.api.once import Once
from bot.web.api.owners import OwnerRoutes
from bot.web.api.policies import PolicyRoutes
from bot.web.api.privacy import PrivacyRoutes
from bot.web.api.route import AnyRoute
from bot.web.api.segments import SegmentRoutes
from bot.web.api.staff import StaffRoutes
from bot.web.api.syncs import SyncRoutes
from bot.web.api.task_changes import TaskChangeRoutes
from bot.web.api.tasks import TaskRoutes
from bot.web.api.timeline import TimelineRoutes
from handlers.clock import Clock
from handlers.handover.key_desk import KeyDesk
from storage.database import Database
from storage.handover_list import HandoverList
from storage.idempotency import Idempotency
from storage.staff_list import StaffList
from storage.sync_runs import SyncRuns

PREFIX: Final = "/api/v1"
#: Below the prefix, and public: it holds nothing of the insurer's.
DOCUMENT: Final = "/openapi.json"


def build_routes(people: People, *, handover: HandoverRooms, database: Database, clock: Clock) -> tuple[AnyRoute, ...]:
    """Return every route of the API."""
    staff, serving = StaffList(database), handover.serving
    holder = KeyDesk(
        organisation=people.organisation,
        staff=staff,
        handovers=HandoverList(database),
        duty=handover.duty,
        clock=clock,
    )
    rooms = people.contents
    acting = ContentActing(rooms.keys, rooms.reading)
    return (
        *CustomerRoutes(people.reading).routes(),
        *TimelineRoutes(people.reading).routes(),
        *PolicyRoutes(people.policies).routes(),
        *CallbackRoutes(people.callbacks).routes(),
        *FactRoutes(people.facts, lists=people.lists).routes(),
        *SegmentRoutes(people.segments, shelf=people.shelf).routes(),
        *OwnerRoutes(owners=people.owners, staff=staff, clock=clock).routes(),
        *StaffRoutes(people.office).routes(),
        *PrivacyRoutes(people.wishes).routes(),
        *HandoverRoutes(people.handovers).routes(),
        *HandoverChangeRoutes(serving, holder=holder).routes(),
        *DutyRoutes(handover.duty, holder=holder).routes(),
        *TaskRoutes(people.tasks).routes(),
        *TaskChangeRoutes(people.board).routes(),
        *ContentRoutes(rooms.reading, rooms.stopping).routes(),
        *ContentChangeRoutes(rooms.desk, acting=acting).routes(),
        *ContentDecisionRoutes(rooms.review, rooms.desk, rooms.stopping, acting=acting).routes(),
        *AuditRoutes(people.office).routes(),
        *SyncRoutes(SyncRuns(database)).routes(),
        *BenefitRoutes(people.benefits).routes(),
        *BenefitStockRoutes(people.benefits).routes(),
        *BenefitCodeRoutes(people.counter).routes(),
        *MeRoutes().routes(),
    )


def build_api(
    people: People, *, handover: HandoverRooms, database: Database, clock: Clock, settings: Settings
) -> web.Application:
    """Return the API; mount it at `PREFIX` with `add_subapp`."""
    routes = build_routes(people, handover=handover, database=database, clock=clock)
    holders = KeyHolders(keys=people.keys, organisation=people.organisation, clock=clock)
    once = Once(Idempotency(database), clock=clock)
    app = web.Application(middlewares=[as_problems])
    for route in routes:
        app.router.add_route(route.method, route.path, Endpoint(route, holders=holders, once=once).answer)
    document = json.dumps(build_document(routes, server=settings.console.public_url + PREFIX), ensure_ascii=False)

    async def show(_request: web.Request) -> web.Response:
        return web.Response(text=document, content_type="application/json")

    app.router.add_get(DOCUMENT, show, allow_head=False)
    return app
