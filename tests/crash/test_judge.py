"""The judge of the crash run notices each of the things that must not be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.crash.judge import Terms, Verdict
from tests.crash.judge import judge as judge_within
from tests.crash.ledger import Answer, Logged
from tests.crash.oracle import Seen, recovery_seconds, see

TERMS = Terms(active=frozenset({"service"}), kills=1, claim_size=2, reserve=1)
FIRST, SECOND = "t00000001x", "t00000002x"


def push(number: int, token: str, *, at: float = 1.0, attempt: int = 1) -> dict[str, Any]:
    said = {"account": "service", "person": "li", "text": f"回声 {token}"}
    return {"what": "push", "push": f"p{number}", "attempt": attempt, "at": at} | said


def answer(number: int, result: str, *, at: float = 2.0, attempt: int = 1) -> dict[str, Any]:
    return {"what": "answer", "push": f"p{number}", "attempt": attempt, "result": result, "at": at}


def shown(*tokens: str, via: str = "passive", at: float = 2.0) -> dict[str, Any]:
    said = {"account": "service", "person": "li", "text": "收到：" + "\n回声 ".join(tokens)}
    return {"what": "shown", "via": via, "at": at} | said


def judge(seen: Seen, log: Sequence[Logged], answers: Sequence[Answer], terms: Terms = TERMS) -> Verdict:
    return judge_within(seen, log, answers, terms)


RECORD = [push(1, FIRST), push(2, SECOND), answer(1, "reply"), shown(FIRST), answer(2, "reply"), shown(SECOND)]
LOG = [
    Logged(account="service", seq=1, inbound=True, tokens=(FIRST,)),
    Logged(account="service", seq=2, inbound=True, tokens=(SECOND,)),
    Logged(account="service", seq=3, inbound=False, tokens=(FIRST,)),
    Logged(account="service", seq=4, inbound=False, tokens=(SECOND,)),
]
ANSWERS = [
    Answer(account="service", identity=7, seq=1, handled=True, out_seq=3, reply="sent", delivery=None, reason=None),
    Answer(account="service", identity=7, seq=2, handled=True, out_seq=4, reply="sent", delivery=None, reason=None),
]


def test_a_run_in_which_everything_arrived_once_and_in_order_is_flawless() -> None:
    verdict = judge(see(RECORD), LOG, ANSWERS)
    assert verdict.flawless
    assert verdict.acknowledged == 2


def test_an_acknowledged_message_that_is_not_in_the_log_is_missing() -> None:
    verdict = judge(see(RECORD), LOG[1:], ANSWERS)
    assert verdict.missing == 1
    assert not verdict.flawless


def test_a_message_with_two_rows_is_logged_twice() -> None:
    verdict = judge(see(RECORD), [*LOG, replace(LOG[0], seq=5)], ANSWERS)
    assert verdict.logged_twice == 1
    assert not verdict.flawless


def test_a_reply_that_came_back_in_the_answer_and_through_the_outbox_was_seen_twice() -> None:
    verdict = judge(see([*RECORD, shown(FIRST, via="custom_send")]), LOG, ANSWERS)
    assert verdict.reply_twice == 1
    assert not verdict.flawless


def test_an_answer_decided_before_that_of_an_earlier_message_is_out_of_order() -> None:
    verdict = judge(see(RECORD), LOG, [replace(ANSWERS[0], out_seq=4), replace(ANSWERS[1], out_seq=3)])
    assert verdict.out_of_order == 1
    assert not verdict.flawless


def test_the_answers_of_different_people_have_no_order() -> None:
    answers = [replace(ANSWERS[0], out_seq=4), replace(ANSWERS[1], out_seq=3, identity=8)]
    assert judge(see(RECORD), LOG, answers).flawless


def test_fragments_that_joined_share_an_answer_and_are_in_order() -> None:
    record = [push(1, FIRST), push(2, SECOND), answer(1, "empty"), answer(2, "reply"), shown(FIRST, SECOND)]
    log = [*LOG[:2], Logged(account="service", seq=3, inbound=False, tokens=(FIRST, SECOND))]
    answers = [replace(row, out_seq=3) for row in ANSWERS]
    assert judge(see(record), log, answers).flawless


def test_a_push_that_the_platform_gave_up_counts() -> None:
    tip = {"what": "shown", "via": "tip", "text": "该公众号提供的服务出现故障，请稍后再试", "at": 2.0}
    record = [*RECORD, push(3, "t00000003x"), answer(3, "timeout"), {"what": "gave_up", "push": "p3"}, tip]
    verdict = judge(see(record), LOG, ANSWERS)
    assert verdict.gave_up == 1
    assert not verdict.flawless


def test_an_acknowledged_message_whose_reply_nobody_saw_is_unanswered() -> None:
    verdict = judge(see(RECORD[:-1]), LOG, ANSWERS)
    assert verdict.unanswered == 1
    assert not verdict.flawless


def test_a_reply_that_is_openly_unknown_is_counted_and_not_unanswered() -> None:
    verdict = judge(see(RECORD[:-1]), LOG, [ANSWERS[0], replace(ANSWERS[1], reply="unknown")])
    assert (verdict.unknown, verdict.unanswered) == (1, 0)
    assert verdict.flawless


def _refused(reason: str, *, at: float = 4.0) -> list[Answer]:
    return [ANSWERS[0], replace(ANSWERS[1], reply="outbox", delivery="refused", reason=reason, settled_at=at)]


def _used(messages: int, *, at: float = 3.0) -> list[dict[str, Any]]:
    """Return the record in which so many active messages reached the person, and the second answer did not."""
    return [*RECORD[:-1], *(shown(f"t9{n:07d}x", via="custom_send", at=at) for n in range(messages))]


@pytest.mark.parametrize("reason", ["quota_exhausted", "quota_reserved"])
def test_a_refusal_of_a_person_whose_quota_is_used_up_is_counted_and_not_unanswered(reason: str) -> None:
    verdict = judge(see(_used(4)), LOG, _refused(reason))
    assert (verdict.refused, verdict.refused_unexplained, verdict.unanswered) == (1, 0, 0)
    assert verdict.flawless


def test_a_refusal_while_by_the_record_enough_is_left_is_not_explained() -> None:
    verdict = judge(see(_used(3)), LOG, _refused("quota_exhausted"))
    assert verdict.refused_unexplained == 1
    assert not verdict.flawless


def test_what_was_used_up_after_a_refusal_or_long_before_the_next_grant_does_not_explain_it() -> None:
    later = judge(see(_used(4, at=5.0)), LOG, _refused("quota_exhausted"))
    granted_again = [*_used(4), push(3, "t00000003x", at=10.0)]
    earlier = judge(see(granted_again), LOG, _refused("quota_exhausted", at=40.0))
    assert (later.refused_unexplained, earlier.refused_unexplained) == (1, 1)


def test_a_refusal_for_another_reason_is_not_explained() -> None:
    verdict = judge(see(_used(4)), LOG, _refused("consent_withdrawn"))
    assert verdict.refused_unexplained == 1
    assert not verdict.flawless


def test_what_may_have_been_used_explains_a_refusal() -> None:
    """One delivery is unknown: the bot counts it as used, whatever the record says."""
    log = [*LOG, Logged(account="service", seq=5, inbound=False, tokens=(FIRST,))]
    unknown = replace(ANSWERS[0], out_seq=5, reply="outbox", delivery="unknown")
    verdict = judge(see(_used(3)), log, [unknown, *_refused("quota_exhausted")[1:]])
    assert verdict.refused_unexplained == 0


@pytest.mark.parametrize(
    ("end", "count"),
    [({"reply": "lost"}, "lost_active"), ({"reply": "outbox", "delivery": "failed"}, "failed_active")],
    ids=["lost", "failed"],
)
def test_an_answer_that_had_a_way_and_did_not_arrive_is_a_fault(end: dict[str, str], count: str) -> None:
    answers = [ANSWERS[0], replace(ANSWERS[1], **end)]  # type: ignore[arg-type]
    verdict = judge(see(RECORD[:-1]), LOG, answers)
    elsewhere = judge(see(RECORD[:-1]), LOG, answers, replace(TERMS, active=frozenset()))
    assert (getattr(verdict, count), verdict.unanswered, verdict.flawless) == (1, 0, False)
    assert (getattr(elsewhere, count), elsewhere.flawless) == (0, True)


def test_more_unknown_than_kills_and_dropped_answers_can_leave_is_a_fault() -> None:
    dropped = {"what": "call", "path": "/cgi-bin/message/custom/send", "fault": "drop_after_accept", "at": 2.0}
    answers = [replace(row, reply="unknown") for row in ANSWERS]
    terms = replace(TERMS, claim_size=1)
    without = judge(see(RECORD), LOG, answers, terms)
    explained = judge(see([*RECORD, dropped]), LOG, answers, terms)
    assert (without.unknown, without.unknown_limit, without.flawless) == (2, 1, False)
    assert (explained.unknown_limit, explained.flawless) == (2, True)


def test_a_message_recorded_behind_one_that_was_written_after_its_answer_is_out_of_order() -> None:
    record = [push(1, FIRST), answer(1, "reply"), shown(FIRST), push(2, SECOND, at=3.0), answer(2, "reply", at=4.0)]
    exchanged = [replace(LOG[0], seq=2), replace(LOG[1], seq=1)]
    log = sorted([*exchanged, *LOG[2:]], key=lambda row: row.seq)
    verdict = judge(see([*record, shown(SECOND)]), log, ANSWERS)
    assert verdict.out_of_order == 1
    assert not verdict.flawless


def test_messages_that_were_under_way_together_may_be_recorded_in_any_order() -> None:
    exchanged = sorted([replace(LOG[0], seq=2), replace(LOG[1], seq=1), *LOG[2:]], key=lambda row: row.seq)
    assert judge(see(RECORD), exchanged, ANSWERS).flawless


def test_recovery_counts_from_the_kill_to_the_first_answer_to_a_later_attempt() -> None:
    lines = [push(1, FIRST, at=9.9), push(2, SECOND, at=10.5), answer(1, "reply", at=10.1), answer(2, "reply", at=12.5)]
    assert recovery_seconds(see(lines), [10.0]) == [2.5]


def test_a_bot_that_never_answers_again_never_recovers() -> None:
    assert recovery_seconds(see([push(1, FIRST), answer(1, "reply")]), [10.0]) == [float("inf")]
