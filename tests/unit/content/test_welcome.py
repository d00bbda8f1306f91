"""Which welcome belongs to which scene."""

from __future__ import annotations

from typing import Any

import pytest

from content.welcome import Welcome


@pytest.fixture
def welcome() -> Any:
    return Welcome.model_validate(
        {
            "follow": {"text": "default"},
            "scan": {"text": "scan"},
            "scenes": [
                {"id": "a", "prefix": "agent:", "follow": {"text": "any agent"}, "scan": {"text": "agent scanned"}},
                {"id": "z", "prefix": "agent:zh", "follow": {"text": "zh"}},
                {"id": "w", "scene": "agent:zhangwei", "follow": {"text": "zhangwei"}},
            ],
        }
    )


@pytest.mark.parametrize(
    ("scene", "text"),
    [
        (None, "default"),
        ("", "default"),
        ("hall", "default"),
        ("agent:li", "any agent"),
        ("agent:zhou", "zh"),
        ("agent:zhangwei", "zhangwei"),
        ("agent:zhangwei2", "zh"),
    ],
)
def test_the_whole_scene_counts_before_the_longest_prefix_before_the_default(
    welcome: Any, scene: Any, text: Any
) -> None:
    assert welcome.on_follow(scene).text == text


@pytest.mark.parametrize(("scene", "text"), [("agent:li", "agent scanned"), ("agent:zhou", "zh"), ("hall", "scan")])
def test_a_scan_has_its_own_words_or_those_of_the_follow(welcome: Any, scene: Any, text: Any) -> None:
    assert welcome.on_scan(scene).text == text
