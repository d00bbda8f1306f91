"""What a message is to a call-back: an answer, a wish to leave, or neither; and how its questions are shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from content.callback import CallbackQuestion, Value
from content.loader import load_content
from content.messages import Inbound, MenuReply, Option, Text
from handlers.callbacks.hearing import Hearing, Tap, again_of
from handlers.conversation.elder_form import ElderForm
from handlers.conversation.turn import AccountInfo, Customer, Standing, Turn

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
CONTENT = load_content(None)
PAYMENT = CONTENT.callback.questions[2]


@pytest.fixture(scope="module")
def hearing() -> Hearing:
    return Hearing(CONTENT.callback)


def turn(*said: str, option: str | None = None, offered: tuple[Option, ...] = ()) -> Turn:
    messages = tuple(
        Inbound(account="a", sender="p", key=f"m:{n}", sent_at=NOW, body=Text(content=words, option=option))
        for n, words in enumerate(said)
    )
    return Turn(
        account=AccountInfo(name="a", channel="wechat", title="安和"),
        who=Customer(customer_id=1, identity_id=1, realm="wx1", external_id="p"),
        messages=messages,
        now=NOW,
        standing=Standing(offered=offered, callback=7, served_until=NOW - timedelta(hours=1)),
    )


@pytest.mark.parametrize(
    ("said", "value"),
    [
        (("是的。",), Value.YES),
        (("是", "是的"), Value.YES),
        (("是", "不是"), None),
        (("我觉得还行",), None),
        (("不知道交多少",), Value.NO),
        (("本人签的",), None),
    ],
    ids=["words", "twice the same", "two things", "nothing", "its own words", "those of another question"],
)
def test_words_are_read_as_an_answer_to_the_question_that_is_asked(
    hearing: Hearing, said: tuple[str, ...], value: Value | None
) -> None:
    assert hearing.answer(turn(*said), PAYMENT) is value


def test_an_answer_to_any_question_may_be_one_and_other_words_may_not(hearing: Hearing) -> None:
    assert hearing.may_be_answer(turn("本人签的"))
    assert hearing.may_be_answer(turn("退出"))
    assert hearing.is_leave(turn("稍后"))
    assert not hearing.may_be_answer(turn("是", "犹豫期是什么意思"))
    assert not hearing.may_be_answer(turn("退保"))


def test_a_tap_and_the_number_of_a_choice_name_round_question_and_value(hearing: Hearing) -> None:
    tapped = Tap(round_id=12, question="payment", value=Value.UNCLEAR)
    options = PAYMENT.options(12)
    assert hearing.tap(turn("不清楚", option=options[2].id)) == tapped
    assert hearing.tap(turn("3", offered=options)) == tapped
    for other in ("callback.12.payment.maybe", "callback.x.payment.yes", "callback.start", "consent.all"):
        assert hearing.tap(turn("不清楚", option=other)) is None


def test_wishes_are_words_or_choices_and_only_a_number_names_a_round(hearing: Hearing) -> None:
    assert hearing.wish(turn("我要回访！")) == "callback.start"
    assert hearing.wish(turn("开始", option="callback.start")) == "callback.start"
    assert hearing.wish(turn("重新回访", option="callback.again.3")) == "callback.again.3"
    assert hearing.wish(turn("回访电话是多少")) is None
    found = ("callback.again.3", "callback.again.", "callback.again.x", f"callback.again.{'9' * 30}", "callback.start")
    assert [again_of(wish) for wish in found] == [3, None, None, None, None]


@pytest.mark.parametrize("question", CONTENT.callback.questions, ids=lambda question: question.id)
def test_in_the_mode_for_the_elderly_a_question_is_shown_whole_before_its_choices(question: CallbackQuestion) -> None:
    form, options = ElderForm(CONTENT), question.options(5)
    shown = form.of(MenuReply(head=f"第 1 题，共 5 题：\n{question.text}", options=options))
    words = ""
    choices: list[Option] = []
    while True:
        assert isinstance(shown, MenuReply)
        words += shown.head
        choices += [option for option in shown.options if option in options]
        if shown.rest is None and shown.rest_options is None:
            break
        assert choices == [] or shown.rest == "" or not shown.rest
        shown = form.page(shown.rest or "", shown.rest_options or ())
    assert question.text.replace("\n", "") in words.replace("\n", "")
    assert choices == list(options)
