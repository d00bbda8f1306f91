"""What the shipped content may and may not say, whoever writes to the account."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from content.loader import BUILT_IN, FILES, load_content
from content.slots import COMMON_SLOTS
from content.tree import Content


@pytest.fixture(scope="module")
def content() -> Content:
    return load_content(None)


def test_no_answer_repeats_the_words_of_a_customer(content: Content) -> None:
    """A customer who could make the account say anything could make the insurer promise anything."""
    repeated = {rule.id: rule.reply.slots() - COMMON_SLOTS for rule in content.answers.rules}
    assert {rule: slots for rule, slots in repeated.items() if slots} == {}


@pytest.mark.parametrize("name", FILES)
def test_no_telephone_number_is_written_out(name: str) -> None:
    lines = Path(BUILT_IN, name).read_text(encoding="utf-8").splitlines()
    said = "\n".join(line for line in lines if not line.strip().startswith("#"))
    said = re.sub(r"\b20\d{2}-\d{2}-\d{2}\b", "", said)  # a day
    assert re.findall(r"\d{3,}-\d+|95\d{3}", said) == []


def test_a_scan_is_not_called_taking_part_nor_a_change_of_the_agent(content: Content) -> None:
    said = {entry.id: ((entry.scan or entry.follow).text or "") for entry in content.welcome.scenes}
    assert "是否参加成功" in said["campaign"]
    assert "您参加的活动" not in said["campaign"]
    assert "不会变更您保单的服务人员" in said["agent"]


def test_a_follower_who_scans_is_not_welcomed_as_a_new_one(content: Content) -> None:
    scanned = [content.welcome.scan, *(entry.scan or entry.follow for entry in content.welcome.scenes)]
    assert [wording.text for wording in scanned if "欢迎关注" in (wording.text or "")] == []


def test_the_duty_of_disclosure_is_not_made_smaller(content: Content) -> None:
    [disclosure] = [rule.reply.text or "" for rule in content.answers.rules if rule.id == "disclosure"]
    assert "逐项如实回答" in disclosure
    assert "不用说" not in disclosure
