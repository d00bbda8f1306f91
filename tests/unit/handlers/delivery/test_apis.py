"""The sending table as data, compared with what `docs/sending.md` and the platform say."""

from __future__ import annotations

from datetime import timedelta

import pytest

from content.consent import Consent
from content.customer_service import File, Served, Shared, Undelivered
from content.messages import (
    Entered,
    Event,
    Follow,
    Image,
    InboundBody,
    Link,
    Location,
    MenuClick,
    MenuScan,
    MenuView,
    Purpose,
    Scan,
    Text,
    Unfollow,
    Video,
    Voice,
)
from handlers.delivery.apis import Audience, KeyKind
from handlers.delivery.grants import Trigger, granted_by, trigger_of
from handlers.delivery.limits import Limits, Rate
from handlers.delivery.table import SendingTable
from storage.records import Grant

TABLE = SendingTable(Limits())
APIS = TABLE.apis


def test_only_a_customer_service_message_may_advertise_to_customers_and_only_with_consent_and_window() -> None:
    may = {
        api.name for api in APIS.values() if Audience.CUSTOMER in api.audiences and Purpose.MARKETING in api.purposes
    }
    assert may == {"custom_send"}
    assert TABLE.find("custom_send").consents == {Purpose.MARKETING: Consent.MARKETING}
    assert TABLE.find("custom_send").needs_window


def test_staff_get_messages_of_any_purpose_by_the_application() -> None:
    assert TABLE.find("message_send").purposes == {Purpose.SERVICE, Purpose.MARKETING, Purpose.STATUTORY}
    assert TABLE.find("message_send").audiences == {Audience.STAFF}


def test_no_api_needs_a_consent_for_service() -> None:
    assert [api.name for api in APIS.values() if Purpose.SERVICE in api.consents] == []


def test_what_a_message_costs_and_what_recognises_a_repeat() -> None:
    assert {name: (api.cost, api.key.kind) for name, api in APIS.items()} == {
        "passive": (0, KeyKind.STORED_REPLY),
        "custom_send": (1, KeyKind.NONE),
        "message_send": (0, KeyKind.WHOLE_REQUEST),
        "kf_send": (1, KeyKind.MESSAGE_ID),
        "kf_on_event": (0, KeyKind.CODE),
    }


def test_a_key_that_recognises_nothing_is_never_valid() -> None:
    assert {api.key.valid for api in APIS.values() if api.key.kind is KeyKind.NONE} == {timedelta(0)}


def test_a_message_grants_five_for_two_days_and_every_other_act_three_for_a_minute() -> None:
    assert {trigger: _figures(granted_by(trigger, Limits())) for trigger in Trigger} == {
        Trigger.MESSAGE: (5, 48 * 3600),
        Trigger.CLICK: (3, 60),
        Trigger.SCANCODE: (3, 60),
        Trigger.FOLLOW: (3, 60),
        Trigger.SCAN: (3, 60),
    }


@pytest.mark.parametrize(
    ("body", "trigger"),
    [
        (Text(content="你好"), Trigger.MESSAGE),
        (Image(media_id="m"), Trigger.MESSAGE),
        (Voice(media_id="m"), Trigger.MESSAGE),
        (Video(media_id="m"), Trigger.MESSAGE),
        (Location(latitude=31.2, longitude=121.5), Trigger.MESSAGE),
        (Link(title="t", url="https://example.com"), Trigger.MESSAGE),
        (File(media_id="m"), Trigger.MESSAGE),
        (Shared(what="business_card"), Trigger.MESSAGE),
        (Follow(), Trigger.FOLLOW),
        (Scan(scene="s"), Trigger.SCAN),
        (MenuClick(key="k"), Trigger.CLICK),
        (MenuScan(key="k", result="r"), Trigger.SCANCODE),
        (MenuView(url="https://example.com"), None),
        (Unfollow(), None),
        (Entered(), None),
        (Served(by="ZhangWei"), None),
        (Undelivered(message="m", reason="platform_unknown"), None),
        (Event(kind="pic_sysphoto"), None),
    ],
    ids=lambda value: value.kind if isinstance(value, Event) else str(getattr(value, "value", type(value).__name__)),
)
def test_which_act_an_inbound_message_is(body: InboundBody, trigger: Trigger | None) -> None:
    assert trigger_of(body) is trigger
    assert TABLE.grant_of(body, channel="wechat") == (granted_by(trigger, Limits()) if trigger else None)


def test_no_quota_is_counted_where_nothing_is_granted() -> None:
    assert TABLE.grant_of(Text(content="help"), channel="wecom") is None


@pytest.mark.parametrize(
    ("body", "age", "left"),
    [
        (Text(content="help"), timedelta(0), timedelta(hours=48)),
        (Text(content="help"), timedelta(hours=47), timedelta(hours=1)),
        (Text(content="help"), timedelta(hours=48), None),
        (Text(content="help"), timedelta(seconds=-3), timedelta(hours=48)),
        (Entered(code="c"), timedelta(0), None),
        (MenuClick(key="k"), timedelta(0), None),
    ],
)
def test_in_customer_service_only_messages_grant_and_their_window_began_when_they_were_said(
    body: InboundBody, age: timedelta, left: timedelta | None
) -> None:
    grant = None if left is None else Grant(messages=5, window=left)
    assert TABLE.grant_of(body, channel="kf", age=age) == grant


def test_an_unknown_api_names_those_there_are() -> None:
    with pytest.raises(LookupError, match="'telegraph'; there are passive, custom_send, message_send"):
        TABLE.find("telegraph")


def test_other_figures_reach_the_grants_and_the_rates() -> None:
    hourly = (Rate(messages=7, per=timedelta(hours=1)),)
    tap = Grant(messages=2, window=timedelta(minutes=3))
    table = SendingTable(Limits(after_tap=tap, member_rates=hourly))
    assert table.grant_of(Follow(), channel="wechat") == tap
    assert table.find("message_send").rates == hourly


def _figures(grant: Grant) -> tuple[int, float]:
    return grant.messages, grant.window.total_seconds()
