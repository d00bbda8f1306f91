"""A person whose words hold a mark that stands nowhere else, written wherever words of a person can get."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy.engine import make_url

from bot.privacy import build_erasing, build_own_data, build_wishes
from bot.settings import Settings
from content.loader import load_content
from handlers.facts.lists import ListImport
from handlers.facts.sheets import Sheet
from handlers.privacy.erasing import Erasing
from handlers.privacy.wishes import Wishes
from handlers.processing import Processing
from handlers.tasks.signals import SignalWatch
from storage.audit import Audit, Deed
from storage.chain import Chain
from storage.chain_check import AccountReport
from storage.cursors import Cursors
from storage.fact_lists import FactLists
from storage.idempotency import Ask, Claim, Idempotency, Kept
from storage.probe import Probe, no_probe
from storage.records import AccountRow, AttributionDraft, DeliveryState, Way
from storage.seal_file import SealFile
from storage.search_index import SearchIndex
from storage.task_rows import TaskFilter
from storage.tasks import Tasks
from storage.viewer import COMMAND_LINE
from tests.fakes.clock import ManualClock
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import Visitors, lease_of, turn

#: Letters and characters that no other test and no file of ours has.
MARK: Final = "Vq7钥匙鹅卵石zK"
PERSON: Final = f"openid-{MARK}"
CONTENT: Final = load_content(None)
#: How the mark can stand on a disk.
FORMS: Final = tuple(
    {
        MARK.encode(),
        MARK.encode("utf-16-le"),
        MARK.encode("utf-16-be"),
        json.dumps(MARK)[1:-1].encode(),
        MARK[2:8].encode(),
    }
)


class Marked:
    """One insurer's process, the marked person, somebody else, and the job."""

    def __init__(self, stores: OpenStores, accounts: Mapping[str, AccountRow], clock: ManualClock, home: Path) -> None:
        self.stores = stores
        self.clock = clock
        self.home = home
        self.settings = Settings(home=home, console={"public_url": "https://bot.example"})
        self.visitors = Visitors(stores.log, accounts["service"], clock)
        self.chain = Chain(stores.database, SealFile(home / "seals.jsonl"))
        self.wishes: Wishes = build_wishes(stores.database, settings=self.settings, clock=clock)
        self.own_data = build_own_data(stores.database, settings=self.settings, clock=clock)
        self._accounts = accounts

    def job(self, *, probe: Probe = no_probe) -> Erasing:
        """Return the job of a process."""
        return build_erasing(
            self.stores.database, CONTENT.retention, settings=self.settings, clock=self.clock, probe=probe
        )

    async def read(self) -> None:
        """Let the processors read on."""
        watch = SignalWatch(
            CONTENT.tasks,
            Tasks(self.stores.database),
            channels={row.id: row.channel for row in self._accounts.values()}.get,
            catch_all=None,
            clock=self.clock,
        )
        index = SearchIndex(self.stores.database)
        await Processing(Cursors(self.stores.database), [watch, index], most=10**9).run()

    async def say(self, words: str, *, person: str = PERSON, answer: str | None = None) -> int:
        """Let somebody write and be answered; return the customer."""
        await self.clock.advance(1)
        said = await self.visitors.say(person, words)
        answers = () if answer is None else (answer, f"{answer} 2")
        handled = turn(lease_of(said), [said.seq], *answers, now=self.clock.now(), way=Way.HTTP)
        await self.stores.handling.finish(handled)
        return said.person.customer_id

    async def everywhere(self, *, signal: str = "我想退保") -> int:
        """Put the mark wherever a person's words can get; return the customer."""
        await self.say("今天天气不错", person="bob", answer="是的")
        said = await self.visitors.say(PERSON, f"{signal}，{MARK}")
        where = AttributionDraft(scene=f"scene-{MARK}", campaign=MARK, agent=None)
        handled = turn(lease_of(said), [said.seq], MARK, f"{MARK} 2", now=self.clock.now(), attributions=(where,))
        await self.stores.handling.finish(replace(handled, elder=True))
        customer = said.person.customer_id
        for n in range(70):  # enough for a block of the index
            await self.say(f"{n} {MARK} {n}", answer=f"您说 {MARK}" if n % 10 == 0 else None)
        await self.stores.customers.note_union_id(
            identity_id=said.person.identity_id, union_id=f"union-{MARK}", now=self.clock.now()
        )
        await self._deliver()
        await self._listed()
        await self.read()
        await self._staff(customer)
        await self.own_data.link(customer)
        await self.chain.seal(now=self.clock.now())
        return customer

    async def _deliver(self) -> None:
        """Send one of the answers through the outbox, and let the platform's answer name the person."""
        mine = "SELECT min(d.id) AS id FROM delivery d JOIN identity i ON i.id = d.identity_id WHERE external_id = :who"
        row = await self.stores.one(mine, who=PERSON)
        attempt = (
            "INSERT INTO delivery_attempt (delivery_id, n, api, started_at, outcome, detail) "
            "VALUES (:id, 1, 'custom', 1, 'sent', :detail)"
        )
        await self.stores.change(attempt, id=row["id"], detail=f"errmsg {MARK}")
        sent = "UPDATE delivery SET state = :state, platform_id = :platform, settled_at = 1 WHERE id = :id"
        await self.stores.change(sent, id=row["id"], state=DeliveryState.SENT, platform=f"msg-{MARK}")

    async def _listed(self) -> None:
        """Bring in a list that says something of them."""
        rows = ["openid", "person.city"], [PERSON, f"城市 {MARK}"]
        lists = ListImport(FactLists(self.stores.database), attributes=CONTENT.audience.attributes, clock=self.clock)
        sheet = Sheet(name="list.csv", digest=b"d" * 32, rows=enumerate(rows, 1))
        assert (await lists.run(sheet, viewer=COMMAND_LINE)).new == 1

    async def _staff(self, customer: int) -> None:
        """Let staff write of them: what came of a task, why two were merged, an answer of the API."""
        now = self.clock.now()
        tasks = Tasks(self.stores.database)
        [task] = await tasks.page(viewer=COMMAND_LINE, limit=1, wanted=TaskFilter(undone=True, customer_id=customer))
        await tasks.finish(task.id, f"已回电 {MARK}", viewer=COMMAND_LINE, now=now)
        deed = Deed(action="merged", subject="customer", subject_id=customer, detail=f"7: {MARK}")
        await Audit(self.stores.database).note(COMMAND_LINE, deed, now=now)
        twin = await self.say(f"也是我 {MARK}", person=f"second-{MARK}")
        await self.stores.customers.merge(kept=customer, gone=twin, cause=f"by {MARK}", now=now)
        answers = Idempotency(self.stores.database)
        claim = await answers.claim(Ask(api_key_id=1, key="k", fingerprint=b"f"), now=now)
        assert isinstance(claim, Claim)
        body = json.dumps({"customer_id": customer, "words": MARK}, ensure_ascii=False).encode()
        await answers.keep(claim, Kept(status=200, body=body))

    async def ask(self, customer: int) -> int:
        """Ask for the erasure, and wait as long as an answer that is under way can hold it up."""
        number = await self.wishes.erase(COMMAND_LINE, customer, "written request")
        await self.clock.advance(180)
        return number

    async def erase(self, customer: int) -> dict[str, Any]:
        """Ask for the erasure and let the job run; return the erasure as it stands then."""
        number = await self.ask(customer)
        await self.job().run()
        return await self.stores.one("SELECT * FROM erasure WHERE id = :id", id=number)

    async def verified(self) -> list[AccountReport]:
        """Seal and verify the chain; return the reports, none with a flaw."""
        await self.chain.seal(now=self.clock.now())
        reports = await self.chain.verify()
        assert [report.flaw for report in reports] == [None] * len(reports)
        return reports

    async def found_on_disk(self) -> list[str]:
        """Return the files of database and home in which the mark stands in any form."""
        places = [path for path in self.home.rglob("*") if path.is_file()]
        if not self.stores.database.is_sqlite:
            places += await self._relation_files()
        return sorted(path.name for path in places if _holds_mark(path))

    async def _relation_files(self) -> list[Path]:
        await self.stores.change("CHECKPOINT")
        row = await self.stores.one(
            "SELECT current_setting('data_directory') AS home, oid FROM pg_database WHERE datname = :name",
            name=make_url(str(self.stores.database.url)).database,
        )
        return list(_files(Path(row["home"]) / "base" / str(row["oid"])))


def _files(folder: Path) -> Iterator[Path]:
    yield from (path for path in folder.iterdir() if path.is_file())


def _holds_mark(path: Path) -> bool:
    raw = path.read_bytes()
    return any(form in raw for form in FORMS)


LATER: Final = timedelta(days=3 * 366)
