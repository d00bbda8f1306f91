"""A turn: its words, its fragments, and what may join."""

from __future__ import annotations

from typing import Any

import pytest

from content.messages import Event, Follow, Image, Location, MenuClick, Text, Voice
from handlers.conversation.turn import can_join


def test_fragments_are_joined_by_newlines_in_order(turn_of: Any) -> None:
    turn = turn_of(Text(content="我的保单"), Text(content="怎么查？"))
    assert turn.text == "我的保单\n怎么查？"
    assert turn.normal == "我的保单怎么查"


def test_the_text_is_kept_exactly_as_it_came(turn_of: Any) -> None:
    assert turn_of(Text(content=" ＴＤ 。\u200b")).text == " ＴＤ 。\u200b"


def test_a_transcript_counts_as_words(turn_of: Any) -> None:
    assert turn_of(Voice(media_id="v", recognition="保单怎么查。")).text == "保单怎么查。"


def test_pictures_and_unheard_voice_have_no_words(turn_of: Any) -> None:
    assert turn_of(Image(media_id="i"), Voice(media_id="v", recognition="")).fragments == ()


def test_a_fragment_knows_its_message(turn_of: Any) -> None:
    turn = turn_of(Image(media_id="i"), Text(content="这张"))
    assert [fragment.message.key for fragment in turn.fragments] == ["m:1"]


def test_the_last_message_carries_the_reply(turn_of: Any) -> None:
    assert turn_of(Text(content="一"), Text(content="二")).last.key == "m:1"


def test_a_turn_without_messages_is_refused(turn_of: Any) -> None:
    with pytest.raises(ValueError, match="at least one message"):
        turn_of()


@pytest.mark.parametrize("body", [Text(content="x"), Voice(media_id="v"), Location(latitude=1, longitude=2)])
def test_what_people_say_may_join(body: Any) -> None:
    assert can_join(body)


@pytest.mark.parametrize(
    "body", [Text(content="x", option="claim"), Follow(), MenuClick(key="k"), Event(kind="masssendjobfinish")]
)
def test_taps_and_events_stand_alone(body: Any) -> None:
    assert not can_join(body)
