"""The verdict: the record of the sandbox against the log and the states of the answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from tests.crash.ledger import Answer, Logged
from tests.crash.oracle import Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was counted; README.md says what each number means. `evidence` names some of what must not be."""

    acknowledged: int
    missing: int
    logged_twice: int
    reply_twice: int
    out_of_order: int
    gave_up: int
    unknown: int
    unknown_deliveries: int
    lost: int
    refused: int
    failed: int
    unanswered: int
    evidence: dict[str, list[str]]

    @property
    def flawless(self) -> bool:
        """Whether everything that must be zero is."""
        zeros = (self.missing, self.logged_twice, self.reply_twice, self.out_of_order, self.gave_up, self.unanswered)
        return not any(zeros)


def judge(seen: Seen, log: Sequence[Logged], answers: Sequence[Answer]) -> Verdict:
    """Return what the three accounts of one run say together."""
    inbound = Counter(token for row in log if row.inbound for token in row.tokens)
    missing = seen.acknowledged - inbound.keys()
    twice = [token for token, count in inbound.items() if count > 1]
    seen_twice = [token for token, count in seen.shown.items() if count > 1]
    unanswered = seen.acknowledged - seen.shown.keys() - missing - _excused(log, answers)
    disorder = _out_of_order(answers)
    replies = Counter({(a.account, a.out_seq): a.reply for a in answers if a.out_seq is not None}.values())
    deliveries = Counter({(a.account, a.out_seq): a.delivery for a in answers if a.delivery is not None}.values())
    return Verdict(
        acknowledged=len(seen.acknowledged),
        missing=len(missing),
        logged_twice=sum(inbound[token] - 1 for token in twice),
        reply_twice=sum(seen.shown[token] - 1 for token in seen_twice),
        out_of_order=len(disorder),
        gave_up=len(seen.gave_up),
        unknown=replies["unknown"] + deliveries["unknown"],
        unknown_deliveries=deliveries["unknown"],
        lost=replies["lost"],
        refused=deliveries["refused"],
        failed=deliveries["failed"],
        unanswered=len(unanswered),
        evidence={
            "missing": sorted(missing)[:20],
            "logged_twice": sorted(twice)[:20],
            "reply_twice": sorted(seen_twice)[:20],
            "out_of_order": disorder[:20],
            "gave_up": sorted(seen.gave_up)[:20],
            "unanswered": sorted(unanswered)[:20],
        },
    )


def _excused(log: Sequence[Logged], answers: Sequence[Answer]) -> set[str]:
    """Return the tokens whose answer openly did not arrive: unknown, lost, refused or failed."""
    open_failures = {
        (answer.account, answer.out_seq)
        for answer in answers
        if answer.reply in ("unknown", "lost") or answer.delivery in ("unknown", "refused", "failed")
    }
    return {token for row in log if not row.inbound and (row.account, row.seq) in open_failures for token in row.tokens}


def _out_of_order(answers: Sequence[Answer]) -> list[str]:
    """Return the messages whose answer was decided before that of an earlier message of the same person."""
    found: list[str] = []
    for (account, identity), group in groupby(answers, key=lambda answer: (answer.account, answer.identity)):
        newest = 0
        for answer in group:
            if answer.out_seq is None:
                continue
            if answer.out_seq < newest:
                found.append(f"{account}: person {identity}, message {answer.seq}")
            newest = max(newest, answer.out_seq)
    return found
