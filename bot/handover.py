"""The handover's parts, put together: both sides of the chat, the desk of whoever serves, the round of the line."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.accounts import AccountKit
from bot.settings import KfAccount, Settings
from bot.tasks import desks_of
from content.tree import Content
from content.value import value
from handlers.clock import Clock
from handlers.conversation.elder_form import ElderForm
from handlers.delivery.governor import Governor
from handlers.handover.absence import Absence
from handlers.handover.agents import AgentDesk
from handlers.handover.customers import CustomerDesk
from handlers.handover.desks import HandoverDesks
from handlers.handover.duty_desk import DutyDesk
from handlers.handover.following import Following
from handlers.handover.post import HandedTo, Post
from handlers.handover.rounds import HandoverRound
from handlers.handover.serving import ServingDesk
from handlers.handover.sessions import SessionRound
from handlers.handover.wording import HandoverWording
from storage.database import Database
from storage.duty import Duties
from storage.handover_queue import HandoverQueue
from storage.handover_sessions import HandoverSessions
from storage.handover_talk import HandoverTalk
from storage.handovers import Handovers
from storage.organisation import Organisation


@value
class HandoverRooms:
    """Everything about handovers of one process."""

    desks: HandoverDesks
    serving: ServingDesk
    duty: DutyDesk
    wording: HandoverWording
    round: HandoverRound
    #: The platform's own sessions: what it tells of them, and moving them.
    following: Following
    sessions: SessionRound


def build_handover(
    database: Database,
    content: Content,
    kits: Mapping[int, AccountKit],
    *,
    settings: Settings,
    governor: Governor,
    clock: Clock,
    on_outbox: Callable[[], None],
) -> HandoverRooms:
    """Return the rooms over one database."""
    rows = {account_id: kit.served.row for account_id, kit in kits.items()}
    customers = {
        account_id: row
        for account_id, row in rows.items()
        if row.channel in ("wechat", "kf") and kits[account_id].served.active_messages
    }
    platforms = {account_id: kit.sessions for account_id, kit in kits.items() if kit.sessions is not None}
    ways = {account.name: account.handover for account in settings.accounts if isinstance(account, KfAccount)}
    handovers, talk, duties = Handovers(database), HandoverTalk(database), Duties(database)
    queue = HandoverQueue(database)
    post = Post(
        accounts=customers,
        desks=desks_of(kits),
        version=content.version,
        platforms={account_id: ways.get(rows[account_id].name, HandedTo.PERSON) for account_id in platforms},
    )
    wording = HandoverWording(
        content.handover, elder=content.elder, form=ElderForm(content), hotline=settings.insurer.hotline
    )
    absence = Absence(queue=queue, handovers=handovers, post=post, wording=wording, clock=clock, on_outbox=on_outbox)
    serving = ServingDesk(
        content.handover,
        handovers=handovers,
        talk=talk,
        post=post,
        wording=wording,
        governor=governor,
        outlets={account_id: kit.outlet for account_id, kit in kits.items()},
        clock=clock,
        on_outbox=on_outbox,
    )
    duty = DutyDesk(content.handover.hours, duties=duties, absence=absence, clock=clock)
    sessions = HandoverSessions(database)
    following = Following(
        handovers=handovers,
        sessions=sessions,
        organisation=Organisation(database),
        realms={account_id: row.realm for account_id, row in rows.items()},
        post=post,
        wording=wording,
        clock=clock,
        on_outbox=on_outbox,
    )
    return HandoverRooms(
        desks=HandoverDesks(
            customers=CustomerDesk(
                content.handover,
                handovers=handovers,
                talk=talk,
                duties=duties,
                post=post,
                accounts={row.name: row for row in customers.values()},
                wording=wording,
                version=content.version,
                clock=clock,
                on_outbox=on_outbox,
            ),
            agents=AgentDesk(
                desk=serving,
                duty=duty,
                handovers=handovers,
                talk=talk,
                organisation=Organisation(database),
                post=post,
                accounts={row.name: row for row in rows.values() if row.channel == "wecom"},
                wording=wording,
                version=content.version,
                clock=clock,
                on_outbox=on_outbox,
            ),
        ),
        serving=serving,
        duty=duty,
        wording=wording,
        round=HandoverRound(
            content.handover,
            most=settings.handover.parallel,
            queue=queue,
            handovers=handovers,
            duties=duties,
            absence=absence,
            desk=serving,
            post=post,
            wording=wording,
            clock=clock,
            on_outbox=on_outbox,
        ),
        following=following,
        sessions=SessionRound(
            platforms,
            sessions=sessions,
            handovers=handovers,
            following=following,
            post=post,
            wording=wording,
            clock=clock,
            on_outbox=on_outbox,
        ),
    )
