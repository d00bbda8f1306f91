"""The verdict: the record of the sandbox against the log and the states of the answers.

The record is the oracle. What the bot says of itself excuses an answer that nobody saw as far as the record allows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from tests.crash.ledger import Answer, Logged
from tests.crash.oracle import Seen, least_quota

_QUOTA_REASONS: Final = ("quota_exhausted", "quota_reserved")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a run may leave behind."""

    #: Accounts that may send actively: no answer of theirs is ever without a way.
    active: frozenset[str]
    kills: int
    #: How many deliveries one kill can leave unknown.
    claim_size: int
    #: Of a person's quota, what the bot keeps for a person at the desk.
    reserve: int


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
    #: `lost` and `failed` on accounts that may send actively; `refused` that the record's quota does not explain.
    lost_active: int
    failed_active: int
    refused_unexplained: int
    #: The most replies and deliveries that kills and dropped connections can leave unknown.
    unknown_limit: int
    evidence: dict[str, list[str]]

    @property
    def flawless(self) -> bool:
        """Whether everything that must be zero is."""
        zeros = (self.missing, self.logged_twice, self.reply_twice, self.out_of_order, self.gave_up, self.unanswered)
        excused = (self.lost_active, self.failed_active, self.refused_unexplained)
        return not any(zeros) and not any(excused) and self.unknown <= self.unknown_limit


def judge(seen: Seen, log: Sequence[Logged], answers: Sequence[Answer], terms: Terms) -> Verdict:
    """Return what the three accounts of one run say together."""
    inbound = Counter(token for row in log if row.inbound for token in row.tokens)
    missing = seen.acknowledged - inbound.keys()
    twice = [token for token, count in inbound.items() if count > 1]
    seen_twice = [token for token, count in seen.shown.items() if count > 1]
    unanswered = seen.acknowledged - seen.shown.keys() - missing - _excused(log, answers)
    disorder = _recorded_out_of_order(seen, log) + _answered_out_of_order(answers)
    ends = {(a.account, a.out_seq): a for a in answers if a.out_seq is not None}
    lost = [a for a in ends.values() if a.reply == "lost" and a.account in terms.active]
    failed = [a for a in ends.values() if a.delivery == "failed" and a.account in terms.active]
    unexplained = _unexplained(seen, log, list(ends.values()), terms)
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
        lost_active=len(lost),
        failed_active=len(failed),
        refused_unexplained=len(unexplained),
        unknown_limit=terms.kills * terms.claim_size + seen.dropped,
        evidence={
            "missing": sorted(missing)[:20],
            "logged_twice": sorted(twice)[:20],
            "reply_twice": sorted(seen_twice)[:20],
            "out_of_order": disorder[:20],
            "gave_up": sorted(seen.gave_up)[:20],
            "unanswered": sorted(unanswered)[:20],
            "lost_active": [_named(answer) for answer in lost[:20]],
            "failed_active": [_named(answer) for answer in failed[:20]],
            "refused_unexplained": [_named(answer) for answer in unexplained[:20]],
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


def _named(answer: Answer) -> str:
    return f"{answer.account}: answer {answer.out_seq} to message {answer.seq}, {answer.reason or 'no reason'}"


def _unexplained(seen: Seen, log: Sequence[Logged], answers: Sequence[Answer], terms: Terms) -> list[Answer]:
    """Return the refusals that the record does not explain: the person's quota was not used up at that moment."""
    # A fragment that joined shares its answer; any token of the answer names the person.
    chats = {(row.account, row.seq): seen.chat.get(row.tokens[0]) for row in log if not row.inbound and row.tokens}
    # The bot counts as used what may have been.
    doubtful = Counter(chats.get((a.account, a.out_seq or 0)) for a in answers if a.delivery == "unknown")
    found = []
    for answer in answers:
        if answer.delivery != "refused":
            continue
        chat = chats.get((answer.account, answer.out_seq or 0))
        left = None if chat is None else least_quota(seen, chat, at=answer.settled_at or 0.0)
        used_up = left is not None and left <= terms.reserve + doubtful[chat]
        if answer.reason not in _QUOTA_REASONS or not used_up:
            found.append(answer)
    return found


def _recorded_out_of_order(seen: Seen, log: Sequence[Logged]) -> list[str]:
    """Return the messages recorded behind one that the person wrote only after they were answered.

    Attempts that are under way together may arrive in any order, and one that found nobody comes again later.
    """
    found: list[str] = []
    latest: dict[tuple[str, str], float] = {}
    for row in log:
        for token in row.tokens if row.inbound else ():
            chat = seen.chat.get(token)
            if chat is None:
                continue
            if seen.settled.get(token, float("inf")) < latest.get(chat, 0.0):
                found.append(f"{row.account}: message {row.seq} ({token}) of {chat[1]} stands behind a later one")
            latest[chat] = max(latest.get(chat, 0.0), seen.first_left[token])
    return found


def _answered_out_of_order(answers: Sequence[Answer]) -> list[str]:
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
