"""Which answer a question gets when its words could lead to several."""

from __future__ import annotations

from typing import Any

import pytest

from content.messages import Text
from handlers.conversation.answers import AnswerBook


@pytest.fixture(scope="session")
def book(content: Any) -> AnswerBook:
    return AnswerBook(content.answers)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("surrender", "我不想交保费了，怎么退保"),
        ("surrender", "不想缴费了，能退保吗"),
        ("surrender", "退保后还会扣款吗"),
        ("surrender", "想退保，发票还要吗"),
        ("surrender", "保单失效了能退保吗"),
        ("surrender", "我要退订这份保险"),
        ("cooling_off", "犹豫期内可以全额退保吗"),
        ("cooling_off", "冷静期全额退保"),
        ("cooling_off", "犹豫期内已经扣款了能退吗"),
        ("fraud", "有人说能全额退保"),
        ("fraud", "他们说犹豫期过了也能代理退保"),
        ("fraud", "代理退保是真的吗"),
        ("stop_paying", "取消自动扣款"),
        ("stop_paying", "怎么停止续期扣款"),
        ("stop_paying", "怎么关闭自动续保"),
        ("stop_paying", "不想交保费了"),
        ("policy_change", "地址在哪里修改"),
        ("policy_change", "在哪里改地址"),
        ("branches", "你们公司地址在哪"),
        ("branches", "网点在哪里"),
        ("claim", "我想理赔"),
        ("claim", "我想申请理赔"),
        ("claim", "能赔吗"),
        ("claim", "这个能报销吗"),
        ("claim", "报销"),
        ("claim_report", "我住院了"),
        ("claim_report", "孩子住院了"),
        ("claim_documents", "理赔需要哪些资料"),
        ("claim_documents", "报销要哪些材料"),
        ("claim_progress", "理赔多久能到账"),
        ("complaint", "理赔太慢了我要投诉"),
        ("renewal", "怎么缴费"),
        ("renewal", "扣款失败怎么办"),
        ("grace_period", "保费忘了交怎么办"),
        ("invoice", "保费可以开发票吗"),
        ("policy_change", "换银行卡"),
    ],
)
def test_the_answer_is_about_what_is_asked(book: AnswerBook, turn_of: Any, answer: str, words: str) -> None:
    turn = turn_of(Text(content=words))
    found = book.find(turn.text, turn.normal)
    assert (found.rule.id if found else None) == answer
