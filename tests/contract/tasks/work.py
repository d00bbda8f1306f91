"""What the ticks of tasks do, called by hand, over an insurer whose customers write."""

from __future__ import annotations

from content.loader import load_content
from handlers.processing import Processing
from handlers.tasks.rounds import TaskRound
from handlers.tasks.signals import SignalWatch
from handlers.tasks.wording import TaskWording
from storage.cursors import Cursors
from storage.hand_overs import HandOvers
from storage.mailbox import Mailbox
from storage.records import AccountRow
from storage.task_rounds import TaskRounds
from storage.task_rows import TaskRow
from storage.tasks import Tasks
from storage.viewer import COMMAND_LINE
from tests.fakes.clock import ManualClock
from tests.fakes.firm import REALM
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import Visitors

CONTENT = load_content(None)


class Work:
    """What the ticks of tasks do, called by hand."""

    def __init__(self, stores: OpenStores, clock: ManualClock, accounts: dict[str, AccountRow]) -> None:
        database = stores.database
        self.tasks = Tasks(database)
        self._channels = {row.id: row.channel for row in accounts.values()}
        self._stores = stores
        self._clock = clock
        self.catch_all: int | None = None
        self.woken = 0
        self.visitors = Visitors(stores.log, accounts["service"], clock, holder="writer")
        self.round = TaskRound(
            rounds=TaskRounds(database),
            hand_overs=HandOvers(database),
            mailbox=Mailbox(database),
            desks={REALM: accounts["helper"]},
            wording=TaskWording(CONTENT.tasks.texts),
            version=CONTENT.version,
            clock=clock,
            on_outbox=self._wake,
        )

    async def read(self) -> None:
        """Let the processor read on."""
        watch = SignalWatch(
            CONTENT.tasks, self.tasks, channels=self._channels.get, catch_all=self.catch_all, clock=self._clock
        )
        await Processing(Cursors(self._stores.database), [watch]).run()

    async def says(self, person: str, words: str) -> None:
        """Let somebody write, and the processor read it."""
        await self.visitors.say(person, words)
        await self.read()

    async def undone(self) -> list[TaskRow]:
        """Return all undone tasks."""
        return await self.tasks.page(viewer=COMMAND_LINE, limit=100)

    async def told(self) -> list[tuple[str, str]]:
        """Return (userid, words) of what the applications were given to send."""
        rows = await self._stores.rows(
            "SELECT i.external_id, c.fields FROM delivery d JOIN identity i ON i.id = d.identity_id "
            "JOIN content c ON c.account_id = d.account_id AND c.seq = d.out_seq ORDER BY d.id"
        )
        return [(row["external_id"], row["fields"]) for row in rows]

    def _wake(self) -> None:
        self.woken += 1
