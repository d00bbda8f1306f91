"""Reconciling the followers of one official account: listed, asked about, compared, their tags; a step at a time.

list → ask → tags → tagged → people → gone → attach → detach → done. Each step is one page or piece, and the run's stage
and position move in the transaction that writes it (`storage.sync_runs`).
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from handlers.clock import Clock
from handlers.delivery.errors import Rejected, Unreachable
from handlers.processing import Pause, no_pause
from handlers.sync.calls import SyncFailed, ask
from handlers.sync.limits import Guard, check_whole
from handlers.sync.ports import FollowerRegister, IdPage
from storage.customers import Customers
from storage.erasure_file import ErasureFile
from storage.records import AccountRow
from storage.staged_followers import StagedFollowers, StagedPerson
from storage.sync_followers import SyncFollowers
from storage.sync_runs import SyncRow
from storage.sync_tags import SyncTags

#: How long a step may take until another process may go on with the run: four attempts of a call and their pauses.
LEASE: Final = timedelta(minutes=3)
#: People that the platform is asked about at once. Source: WeChat doc, user/info/batchget.
_ASKED: Final = 100
#: How often a list begins anew because the follower at whose place it stood has left.
_RESTARTS: Final = 3
#: Stages that wait for no platform and keep this process busy.
_OURS: Final = frozenset({"people", "gone", "attach", "detach"})


class FollowerSync:
    """Works at the runs of one account."""

    what: Final = "followers"
    first_stage: Final = "list"

    def __init__(
        self,
        register: FollowerRegister,
        *,
        account: AccountRow,
        staged: StagedFollowers,
        followers: SyncFollowers,
        tags: SyncTags,
        customers: Customers,
        erased: ErasureFile,
        guard: Guard,
        clock: Clock,
        pause: Pause = no_pause,
    ) -> None:
        """`erased`: who was erased is neither asked about nor brought in.

        `pause` is awaited after each piece with the seconds that it took: messages go first.
        """
        self.account_id = account.id
        self.account = account.name
        self._register = register
        self._realm = account.realm
        self._staged = staged
        self._followers = followers
        self._tags = tags
        self._customers = customers
        self._erased = erased
        self._guard = guard
        self._clock = clock
        self._pause = pause
        self._restarts = 0
        self._steps: dict[str, Callable[[SyncRow], Awaitable[SyncRow]]] = {
            "list": self._list,
            "ask": self._ask,
            "tags": self._list_tags,
            "tagged": self._list_tagged,
            "people": self._bring_in,
            "gone": self._take_out,
            "attach": self._attach,
            "detach": self._detach,
        }

    async def work(self, run: SyncRow) -> SyncRow:
        """Work until the run is done; return it. Raises SyncWaits, SyncFailed, SyncStopped, StorageError."""
        self._restarts = 0
        while run.stage != "done":
            began, is_ours = time.perf_counter(), run.stage in _OURS
            run = await self._steps[run.stage](run)
            if is_ours:
                await self._pause(time.perf_counter() - began)
        return run

    def _until(self) -> datetime:
        return self._clock.now() + LEASE

    async def _list(self, run: SyncRow) -> SyncRow:
        try:
            page: IdPage = await ask(lambda: self._register.followers(run.position), clock=self._clock)
        except Unreachable as error:
            if not run.position or self._restarts == _RESTARTS:
                raise SyncFailed(str(error)) from error
            self._restarts += 1
            return await self._staged.turn(run, "list", until=self._until())
        except Rejected as error:
            raise SyncFailed(str(error)) from error
        return await self._staged.listed(
            run, page.external_ids, cursor=page.cursor, total=page.total, until=self._until()
        )

    async def _ask(self, run: SyncRow) -> SyncRow:
        unasked = await self._staged.unasked(run, realm=self._realm, limit=_ASKED)
        if not unasked:
            return await self._staged.turn(run, "tags", until=self._until())
        erased = (await self._erased.marks()).of(self._realm, unasked)
        asking = [external_id for external_id in unasked if external_id not in erased]
        people = await self._infos(asking) if asking else []
        return await self._staged.asked(run, people, last=unasked[-1], until=self._until())

    async def _infos(self, external_ids: Sequence[str]) -> list[StagedPerson]:
        """Ask about people; where the platform refuses all of them because of one, about halves of them."""
        try:
            return await ask(lambda: self._register.infos(external_ids), clock=self._clock)
        except (Unreachable, Rejected):
            if len(external_ids) == 1:
                return [StagedPerson(external_id=external_ids[0], follows=False)]
        half = len(external_ids) // 2
        return [*await self._infos(external_ids[:half]), *await self._infos(external_ids[half:])]

    async def _list_tags(self, run: SyncRow) -> SyncRow:
        try:
            tags = await ask(self._register.tags, clock=self._clock)
        except (Unreachable, Rejected) as error:
            raise SyncFailed(str(error)) from error
        return await self._staged.tags(run, tags, until=self._until())

    async def _list_tagged(self, run: SyncRow) -> SyncRow:
        tag_id = await self._staged.unread_tag(run)
        if tag_id is None:
            await self._check(run)
            return await self._staged.turn(run, "people", until=self._until())
        try:
            page = await ask(lambda: self._register.tagged(tag_id, run.position), clock=self._clock)
        except (Unreachable, Rejected) as error:
            if not run.position or self._restarts == _RESTARTS:
                raise SyncFailed(str(error)) from error
            self._restarts += 1
            return await self._staged.turn(run, "tagged", until=self._until())
        return await self._staged.tagged(run, tag_id, page.external_ids, cursor=page.cursor, until=self._until())

    async def _check(self, run: SyncRow) -> None:
        """Look at the whole list before anything is changed by it. Raises SyncStopped."""
        if run.is_forced:
            return
        check_whole(await self._staged.count(run), total=run.total)
        gone, known = await self._followers.leaving(run, realm=self._realm)
        self._guard.check(gone, known=known, what="关注者")

    async def _bring_in(self, run: SyncRow) -> SyncRow:
        erased = await self._erased.marks()
        step = await self._followers.bring_in(
            run, realm=self._realm, erased=erased, now=self._clock.now(), until=self._until()
        )
        for learnt in step.learnt:
            await self._customers.note_union_id(
                identity_id=learnt.identity_id, union_id=learnt.union_id, now=self._clock.now()
            )
        return step.run

    async def _take_out(self, run: SyncRow) -> SyncRow:
        return await self._followers.take_out(run, realm=self._realm, until=self._until())

    async def _attach(self, run: SyncRow) -> SyncRow:
        return await self._tags.attach(run, realm=self._realm, until=self._until())

    async def _detach(self, run: SyncRow) -> SyncRow:
        return await self._tags.detach(run, realm=self._realm, until=self._until())
