"""Somebody follows an official account: welcomed by the code they scanned, and where they came from is kept."""

from __future__ import annotations

from tests.scenario.places import SERVICE
from tests.scenario.town import Town

_ATTRIBUTIONS = (
    "SELECT t.scene, t.campaign, t.agent FROM attribution t JOIN identity i ON i.id = t.identity_id "
    "WHERE i.external_id = :person ORDER BY t.seq"
)
_FOLLOWED = "SELECT r.followed FROM reach r JOIN identity i ON i.id = r.identity_id WHERE i.external_id = :person"


def test_a_new_follower_is_welcomed(town: Town) -> None:
    done = town.act(SERVICE, "plain-follower", "follow")
    assert done["result"] == "reply"
    assert f"欢迎关注{SERVICE.title}" in done["shown"][0]["text"]
    assert town.log_of(SERVICE, "plain-follower") == [("in", "follow"), ("out", "text")]


def test_a_follower_by_a_campaign_code_gets_the_campaigns_welcome_and_the_source_is_stored(town: Town) -> None:
    done = town.act(SERVICE, "campaign-follower", "follow", scene="campaign:spring2026:agent:zhangwei")
    assert "您扫码的活动我已经记下" in done["shown"][0]["text"]
    stored = town.rows(_ATTRIBUTIONS, person=SERVICE.openid("campaign-follower"))
    assert stored == [("campaign:spring2026:agent:zhangwei", "spring2026", "zhangwei")]


def test_a_follower_by_an_agents_code_gets_the_agents_welcome(town: Town) -> None:
    done = town.act(SERVICE, "agent-follower", "follow", scene="agent:LiNa")
    assert "服务顾问的专属二维码" in done["shown"][0]["text"]
    assert town.rows(_ATTRIBUTIONS, person=SERVICE.openid("agent-follower")) == [("agent:LiNa", None, "LiNa")]


def test_a_follower_who_scans_a_code_is_greeted_as_known_and_the_second_source_is_kept_too(town: Town) -> None:
    town.act(SERVICE, "scanning-follower", "follow", scene="hall")
    done = town.act(SERVICE, "scanning-follower", "scan", scene="campaign:autumn")
    assert "您扫码的活动我已经记下" in done["shown"][0]["text"]
    assert "欢迎关注" not in done["shown"][0]["text"]
    stored = town.rows(_ATTRIBUTIONS, person=SERVICE.openid("scanning-follower"))
    assert stored == [("hall", None, None), ("campaign:autumn", "autumn", None)]


def test_a_follower_without_a_code_leaves_no_source(town: Town) -> None:
    town.act(SERVICE, "sourceless", "follow")
    assert town.rows(_ATTRIBUTIONS, person=SERVICE.openid("sourceless")) == []


def test_leaving_is_silent_and_known_and_coming_back_is_welcomed_again(town: Town) -> None:
    town.act(SERVICE, "comes-and-goes", "follow")
    left = town.act(SERVICE, "comes-and-goes", "unfollow")
    gone = town.rows(_FOLLOWED, person=SERVICE.openid("comes-and-goes"))
    town.advance(2)  # an event's identity is its second
    back = town.act(SERVICE, "comes-and-goes", "follow")
    assert (left["result"], left["shown"]) == ("empty", [])
    assert [bool(followed) for (followed,) in gone] == [False]
    assert "欢迎关注" in back["shown"][0]["text"]
    assert town.rows(_FOLLOWED, person=SERVICE.openid("comes-and-goes")) in ([(True,)], [(1,)])
