"""Reading a list of the insurer's own into facts, row by row, with a report of what cannot be used."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Final

from content.attributes import Attributes
from content.facts import CONFIDENCES, Source
from content.rights import Permission
from content.value import value
from handlers.clock import Clock
from handlers.facts.sheets import BadCell, Columns, ListRefused, Sheet, read_header, read_row
from handlers.people.rights import require
from storage.fact_lists import FactLists, ListedRow, OpenList, Outcome, TakenRow
from storage.viewer import Viewer

#: Rows of one transaction: others write between two.
_BATCH: Final = 100
#: Bad cells that a report names; all are counted.
NAMED: Final = 200
_WHY: Final = {
    Outcome.NOBODY: ("没有这位客户，或不在您的查看范围内", "核对编号；没有来过的客户要先关注或写过消息"),
    Outcome.SEVERAL: ("这个编号属于几位客户", "改用“客户编号”这一列"),
    Outcome.REFUSED: ("客户不同意建立资料", "不能导入，除非客户自己重新同意"),
}


@value
class ListReport:
    """What became of a list."""

    list_id: int
    name: str
    as_of: datetime
    #: It was read before, wholly or not: nothing of it is taken twice.
    was_known: bool
    #: Rows under the header, those of them that were used, and facts that were not there before.
    rows: int
    used: int
    new: int
    bad_count: int
    #: The first ones.
    bad: tuple[BadCell, ...]


class ListImport:
    """Reads lists. Killed midway, the same list again goes on where it was."""

    def __init__(self, lists: FactLists, *, attributes: Attributes, clock: Clock) -> None:
        self._lists = lists
        self._attributes = attributes
        self._clock = clock

    async def run(
        self,
        sheet: Sheet,
        *,
        viewer: Viewer,
        source: Source = Source.LIST,
        as_of: datetime | None = None,
        progress: Callable[[int], None] = lambda _rows: None,
    ) -> ListReport:
        """Take a list down. `as_of`: as of when its values are, now unless told; `progress` hears of rows read.

        Raises Forbidden, ListRefused and StorageError.
        """
        require(viewer, Permission.FACTS_WRITE)
        now = self._clock.now()
        if source not in CONFIDENCES:
            raise ListRefused(f"名单不能以 {source} 的名义导入；可以是 " + "、".join(CONFIDENCES))
        if as_of is not None and as_of > now:
            raise ListRefused("名单的日期在将来；写名单里的资料截至哪一天")
        rows = iter(sheet.rows)
        _, header = next(rows, (1, ()))
        columns = read_header(header, self._attributes)
        opened = await self._lists.begin(
            sheet.digest, name=sheet.name[:200], source=source, as_of=as_of or now, viewer=viewer, now=now
        )
        tally = _Tally()
        while batch := _next(rows, tally):
            good = list(_read(batch, columns, opened, tally))
            if good:
                now = self._clock.now()
                taken, new = await self._lists.take(opened, good, kind=columns.kind, viewer=viewer, now=now)
                tally.take(taken, columns)
                tally.new += new
            progress(tally.rows)
        return ListReport(
            list_id=opened.id,
            name=opened.name,
            as_of=opened.as_of,
            was_known=opened.is_known,
            rows=tally.rows,
            used=tally.used,
            new=tally.new,
            bad_count=tally.bad_count,
            bad=tuple(tally.bad),
        )


class _Tally:
    def __init__(self) -> None:
        self.rows = self.used = self.new = self.bad_count = 0
        self.bad: list[BadCell] = []

    def note(self, bad: Sequence[BadCell]) -> None:
        self.bad_count += len(bad)
        self.bad += bad[: max(NAMED - len(self.bad), 0)]

    def take(self, taken: Sequence[TakenRow], columns: Columns) -> None:
        for each in taken:
            if each.outcome in _WHY:
                why, mend = _WHY[each.outcome]
                self.note([BadCell(row=each.row, column=columns.key_name, why=why, mend=mend)])
                continue
            self.used += 1
            self.note(
                [
                    BadCell(
                        row=each.row,
                        column=columns.header_of(attribute),
                        why="这一项要客户单独同意，他还没有同意",
                        mend="客户同意后再导入；其余各项已经导入",
                    )
                    for attribute in sorted(set(each.attributes))
                ]
            )


def _next(rows: Iterator[tuple[int, Sequence[str]]], tally: _Tally) -> list[tuple[int, Sequence[str]]]:
    try:
        return list(islice(rows, _BATCH))
    except ListRefused as refused:
        raise ListRefused(str(refused), taken=tally.rows) from refused


def _read(
    batch: Sequence[tuple[int, Sequence[str]]], columns: Columns, opened: OpenList, tally: _Tally
) -> Iterator[ListedRow]:
    for number, cells in batch:
        row, bad = read_row(number, cells, columns, opened)
        tally.rows += 1
        tally.note(bad)
        if row is not None:
            yield row
