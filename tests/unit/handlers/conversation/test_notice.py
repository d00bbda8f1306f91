"""The notice at the first chat: when it is shown, and for what."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from content.consent import Consent, ConsentState
from content.messages import Entered, Follow, InboundBody, MenuReply, Option, Text, TextReply, Unfollow
from content.notice import ALL, EACH, NONE, TOGETHER
from content.tree import Content
from handlers.conversation.notice import FirstNotice
from handlers.conversation.turn import ConsentChanged, ConsentStanding, Outcome, Reply, Standing

ANSWER = Outcome(replies=(Reply(content=TextReply(content="好的"), content_version="v1"),))
QUESTION = MenuReply(head="哪一步？", options=(Option(id="a", label="甲"),))


def standing(version: str = "notice-2026.1", /, **states: str) -> Standing:
    at = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
    return Standing(
        consents={
            Consent(name): ConsentStanding(state=ConsentState(state), text_version=version, at=at)
            for name, state in states.items()
        }
    )


def asked_in(outcome: Outcome | None) -> list[Consent]:
    if outcome is None:
        return []
    changes = [effect for effect in outcome.effects if isinstance(effect, ConsentChanged)]
    assert {change.state for change in changes} <= {ConsentState.ASKED}
    return [change.consent for change in changes]


@pytest.fixture
def notice(content: Content) -> FirstNotice:
    return FirstNotice(content)


@pytest.mark.parametrize("body", [Follow(), Text(content="怎么报案")])
def test_who_comes_first_is_asked_behind_the_answer_and_nothing_is_chosen_beforehand(
    notice: FirstNotice, turn_of: Callable[..., Any], body: InboundBody
) -> None:
    turn = turn_of(body)
    outcome = notice.after(turn, ANSWER)
    assert outcome is not None
    answer, question = outcome.replies
    assert answer is ANSWER.replies[0]
    assert isinstance(question.content, MenuReply)
    assert [option.id for option in question.content.options] == [ALL, EACH, NONE]
    assert asked_in(outcome) == list(TOGETHER)
    assert Consent.SENSITIVE not in TOGETHER
    assert {effect.evidence for effect in outcome.effects if isinstance(effect, ConsentChanged)} == {turn.last}


@pytest.mark.parametrize(
    ("bodies", "channel", "outcome"),
    [
        ((Unfollow(),), "wechat", ANSWER),
        ((Entered(),), "wechat", ANSWER),
        ((Text(content="怎么报案"),), "wechat", Outcome()),
        ((Text(content="理赔"),), "wechat", Outcome(replies=(Reply(content=QUESTION, content_version="v1"),))),
        ((Text(content="帮助"),), "wecom", ANSWER),
    ],
)
def test_there_are_moments_at_which_nobody_is_asked(
    notice: FirstNotice, turn_of: Callable[..., Any], bodies: tuple[InboundBody, ...], channel: str, outcome: Outcome
) -> None:
    assert notice.after(turn_of(*bodies, channel=channel), outcome) is None


@pytest.mark.parametrize("state", ["asked", "granted", "refused", "withdrawn"])
def test_who_was_asked_in_these_words_is_not_asked_again(
    notice: FirstNotice, turn_of: Callable[..., Any], state: str
) -> None:
    before = standing(**{consent.value: state for consent in Consent})
    assert notice.after(turn_of(Text(content="怎么报案"), standing=before), ANSWER) is None


@pytest.mark.parametrize(
    ("state", "again"), [("asked", True), ("granted", True), ("refused", False), ("withdrawn", False)]
)
def test_new_words_ask_again_who_had_agreed_or_never_answered_and_leave_the_others_alone(
    notice: FirstNotice, turn_of: Callable[..., Any], state: str, again: bool
) -> None:
    before = standing("notice-2025.7", **{consent.value: state for consent in Consent})
    outcome = notice.after(turn_of(Text(content="怎么报案"), standing=before), ANSWER)
    assert asked_in(outcome) == (list(TOGETHER) if again else [])


def test_who_opted_out_or_in_in_words_of_their_own_is_asked_for_the_others_only(
    notice: FirstNotice, turn_of: Callable[..., Any]
) -> None:
    for state in ("withdrawn", "granted"):
        turn = turn_of(Text(content="怎么报案"), standing=standing("3f2a", marketing=state))
        assert Consent.MARKETING not in asked_in(notice.after(turn, ANSWER))


def test_the_sensitive_one_is_asked_by_itself_and_only_where_a_profile_is_kept(
    notice: FirstNotice, turn_of: Callable[..., Any]
) -> None:
    states = {consent.value: "granted" for consent in TOGETHER}
    turn = turn_of(Text(content="怎么报案"), standing=standing(**states))
    assert asked_in(notice.after(turn, ANSWER)) == [Consent.SENSITIVE]
    without = turn_of(Text(content="怎么报案"), standing=standing(**states | {"profile": "refused"}))
    assert notice.after(without, ANSWER) is None
