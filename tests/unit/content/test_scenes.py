"""What a scene names."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.scenes import Attribution, parse_scene

NAMES = st.text(alphabet=st.characters(exclude_characters=":"), min_size=1).filter(
    lambda name: name not in ("agent", "campaign")
)


@pytest.mark.parametrize(
    ("scene", "campaign", "agent"),
    [
        ("agent:zhangwei", None, "zhangwei"),
        ("campaign:spring2026", "spring2026", None),
        ("campaign:spring2026:agent:zhangwei", "spring2026", "zhangwei"),
        ("agent:zhangwei:campaign:spring2026", "spring2026", "zhangwei"),
        ("poster:3:agent:zhangwei", None, "zhangwei"),
        ("hall", None, None),
        ("1024", None, None),
        ("agent:", None, None),
        ("agent", None, None),
        ("agent:a:agent:b", None, "a"),
        ("", None, None),
    ],
)
def test_a_scene_names_its_campaign_and_its_agent(scene: Any, campaign: Any, agent: Any) -> None:
    assert parse_scene(scene) == Attribution(scene=scene, campaign=campaign, agent=agent)


@given(campaign=NAMES, agent=NAMES)
def test_whatever_the_names_they_are_read_back(campaign: Any, agent: Any) -> None:
    read = parse_scene(f"campaign:{campaign}:agent:{agent}")
    assert (read.campaign, read.agent) == (campaign, agent)


@given(st.text())
def test_any_scene_is_kept_as_it_is(scene: Any) -> None:
    assert parse_scene(scene).scene == scene
