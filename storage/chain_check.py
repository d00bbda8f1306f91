"""What a verification of the log finds: one account's rows walked in order against its seals, inside and outside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from content.value import value
from storage.digests import GENESIS, chain_head, content_digest
from storage.leaves import SealedRow
from storage.seal_file import SealLine


@value
class Flaw:
    """The first thing in an account's log that is not as it was written. `seq` is the row."""

    account: str
    seq: int
    sentence: str


@value
class AccountReport:
    """What a verification found in one account's log."""

    account: str
    rows: int
    sealed_to: int
    #: Rows whose content was destroyed; their digests still stand in the chain.
    contents_destroyed: int
    #: Seals that the outside file confirms.
    confirmed_outside: int
    flaw: Flaw | None


def missing_account(number: int | str, name: str, *, sealed_to: int) -> AccountReport:
    """Return the report on an account that has left its number in the log or in the seals, and no row of its own."""
    reached = f"its log was sealed up to row {sealed_to}" if sealed_to else "rows of its log are still there"
    sentence = f"the account (number {number}) is missing in the database: {reached}"
    return AccountReport(
        account=name,
        rows=0,
        sealed_to=sealed_to,
        contents_destroyed=0,
        confirmed_outside=0,
        flaw=Flaw(account=name, seq=1, sentence=sentence),
    )


class AccountCheck:
    """Walks one account's rows in order against its seals, inside and outside."""

    def __init__(self, account: str, seals: Sequence[Any], outside: Sequence[SealLine]) -> None:
        self._account = account
        self._lines = outside
        self._seals = {seal.to_seq: seal.head for seal in seals}
        self._sealed_to = max(self._seals, default=0)
        self._outside = {line.to_seq: line.head for line in outside}
        self._marks = {line.from_seq + i: mark for line in outside for i, mark in enumerate(line.marks)}
        self._ends = set(self._seals) | set(self._outside)
        self._head = GENESIS
        self._leaves: list[bytes] = []
        self._seq = 0
        self._destroyed = 0
        self._confirmed = 0
        self.flaw: Flaw | None = None

    @property
    def lacks_outside(self) -> bool:
        """Whether there are seals in the database and not one of them outside."""
        return bool(self._seals) and not self._outside

    def row(self, row: SealedRow) -> None:
        """Look at the next row."""
        expected = self._seq + 1
        if row.seq != expected:
            self._note(expected, f"row {expected} is missing: after {self._seq} comes {row.seq}")
            return
        self._seq = expected
        if row.salt is None or row.fields is None:
            self._destroyed += 1
        elif content_digest(row.salt, row.fields) != row.digest:
            self._note(expected, f"the content of row {expected} is not what was recorded")
            return
        mark = self._marks.get(expected)
        if mark is not None and not row.leaf.startswith(mark):
            self._note(expected, f"row {expected} is not what was sealed outside the database")
            return
        self._leaves.append(row.leaf)
        if expected in self._ends:
            self._close_seal(expected)

    def _close_seal(self, seq: int) -> None:
        first = seq - len(self._leaves) + 1
        self._head, self._leaves = chain_head(self._head, self._leaves), []
        for where, heads in (("in the database", self._seals), ("outside the database", self._outside)):
            if seq in heads and heads[seq] != self._head:
                self._note(first, f"the head sealed {where} over rows {first} to {seq} does not match these rows")
                return
        if seq in self._outside:
            self._confirmed += 1
            if seq not in self._seals:
                self._note(seq, f"the seal of row {seq} is missing in the database")
        elif self._outside and seq < max(self._outside):
            self._note(first, f"the seal of rows {first} to {seq} is missing outside the database")

    def end(self, *, last_seq: int, lost_outside: bool) -> None:
        """Say that no row follows; `lost_outside`: the file had no seal of this account afterwards either."""
        known = max(last_seq, self._sealed_to, max(self._outside, default=0))
        if self._seq < known:
            self._note(self._seq + 1, f"row {self._seq + 1} is missing: the log reached {known}")
        for line in self._lines:
            if line.account != self._account:
                self._note(line.from_seq, f"the account was called {line.account!r} when row {line.to_seq} was sealed")
        if lost_outside:
            self._note(
                1,
                f"rows 1 to {self._sealed_to} are sealed in the database only: seals.jsonl has no line of this "
                "account; put it back from its copy (after a kill at the very first seal the bot writes it by itself)",
            )

    def _note(self, seq: int, sentence: str) -> None:
        self.flaw = self.flaw or Flaw(account=self._account, seq=seq, sentence=sentence)

    def report(self) -> AccountReport:
        """Return what was found."""
        return AccountReport(
            account=self._account,
            rows=self._seq,
            sealed_to=self._sealed_to,
            contents_destroyed=self._destroyed,
            confirmed_outside=self._confirmed,
            flaw=self.flaw,
        )
