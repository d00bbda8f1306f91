"""The governor against an oracle that reads the sending table by itself, and each reason in its own case."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from content.consent import Consent, ConsentState
from content.messages import Purpose
from handlers.delivery.apis import Api, Audience
from handlers.delivery.decision import SENTENCES
from handlers.delivery.gates import Verdict
from handlers.delivery.governor import (
    Allow,
    Author,
    Defer,
    Governor,
    OutgoingFacts,
    Reason,
    Refuse,
    Ruling,
    Standing,
    Unasked,
    standing_of,
)
from handlers.delivery.quota import Quota
from storage.records import ConsentRow, Person
from tests.fakes.sending import TABLE

NOW = datetime(2026, 5, 1, 9, 30, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
GOVERNOR = Governor(TABLE, reply_reserve=1)

REPLY = OutgoingFacts(
    purpose=Purpose.SERVICE, by=Author.BOT, channel="wechat", audience=Audience.CUSTOMER, apis=("custom_send",)
)
OFFER = replace(REPLY, purpose=Purpose.MARKETING)
NOTE = OutgoingFacts(
    purpose=Purpose.STATUTORY, by=Author.BOT, channel="wecom", audience=Audience.STAFF, apis=("message_send",)
)
PERSON = Person(
    account_id=1,
    identity_id=2,
    customer_id=3,
    conversation_id=4,
    realm="wx1",
    external_id="o1",
    followed=True,
    quota_left=3,
    quota_until=LATER,
    unreachable=None,
    consent_rows={"marketing": ConsentRow(state="withdrawn", text_version="v1", at=NOW)},
    staff=None,
)
FOLLOWER = Standing(
    followed=True,
    window_until=LATER,
    quota=Quota(left=5, until=LATER),
    consents={Consent.MARKETING: ConsentState.GRANTED},
)


def reason_of(ruling: Ruling) -> Reason | None:
    return None if isinstance(ruling, Allow) else ruling.reason


# --- one case a reason ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "standing", "reason"),
    [
        (REPLY, FOLLOWER, None),
        (OFFER, FOLLOWER, None),
        (NOTE, Standing(), None),
        (REPLY, replace(FOLLOWER, followed=None), None),
        (REPLY, replace(FOLLOWER, followed=False), Reason.UNFOLLOWED),
        (REPLY, replace(FOLLOWER, unreachable="blocked"), Reason.UNREACHABLE),
        (replace(REPLY, channel="wecom"), FOLLOWER, Reason.NO_API),
        (replace(REPLY, audience=Audience.STAFF), FOLLOWER, Reason.NO_API),
        (replace(REPLY, apis=()), FOLLOWER, Reason.NO_API),
        (replace(REPLY, purpose=Purpose.STATUTORY), FOLLOWER, Reason.PURPOSE_NOT_ALLOWED),
        (replace(OFFER, apis=("passive",), callback_open=True), FOLLOWER, Reason.PURPOSE_NOT_ALLOWED),
        (replace(REPLY, apis=("passive",)), FOLLOWER, Reason.CALLBACK_CLOSED),
        (replace(REPLY, text_bytes=2049), FOLLOWER, Reason.TOO_LONG),
        (replace(REPLY, content_ok=False), FOLLOWER, Reason.CONTENT_REFUSED),
        (replace(REPLY, approved=False), FOLLOWER, Reason.NOT_APPROVED),
        (OFFER, replace(FOLLOWER, consents={}), Reason.CONSENT_MISSING),
        (OFFER, replace(FOLLOWER, consents={Consent.MARKETING: ConsentState.ASKED}), Reason.CONSENT_MISSING),
        (OFFER, replace(FOLLOWER, consents={Consent.MARKETING: ConsentState.REFUSED}), Reason.CONSENT_REFUSED),
        (OFFER, replace(FOLLOWER, consents={Consent.MARKETING: ConsentState.WITHDRAWN}), Reason.CONSENT_WITHDRAWN),
        (REPLY, replace(FOLLOWER, consents={Consent.MARKETING: ConsentState.WITHDRAWN}), None),
        (OFFER, replace(FOLLOWER, consents={Consent.PROFILE: ConsentState.GRANTED}), Reason.CONSENT_MISSING),
        (REPLY, replace(FOLLOWER, window_until=None), Reason.WINDOW_CLOSED),
        (REPLY, replace(FOLLOWER, window_until=NOW), Reason.WINDOW_CLOSED),
        (REPLY, replace(FOLLOWER, quota=Quota()), Reason.QUOTA_EXHAUSTED),
        (REPLY, replace(FOLLOWER, quota=Quota(left=5, until=NOW)), Reason.QUOTA_EXHAUSTED),
        (REPLY, replace(FOLLOWER, quota=Quota(left=1, until=LATER)), Reason.QUOTA_RESERVED),
        (REPLY, replace(FOLLOWER, quota=Quota(left=2, until=LATER)), None),
        (replace(REPLY, by=Author.PERSON), replace(FOLLOWER, quota=Quota(left=1, until=LATER)), None),
        (NOTE, Standing(paced_until=LATER), Reason.RATE_LIMITED),
        (NOTE, Standing(paced_until=NOW), None),
    ],
)
def test_each_case_has_its_reason(facts: OutgoingFacts, standing: Standing, reason: Reason | None) -> None:
    assert reason_of(GOVERNOR.decide(facts, standing, now=NOW)) is reason


def test_a_rate_that_is_used_up_only_puts_the_message_off() -> None:
    ruling = GOVERNOR.decide(NOTE, Standing(paced_until=LATER), now=NOW)
    assert ruling == Defer(until=LATER, reason=Reason.RATE_LIMITED)


def test_the_preferred_api_is_taken_and_the_next_when_it_is_not_legal() -> None:
    both = replace(REPLY, apis=("passive", "custom_send"), callback_open=True)
    assert GOVERNOR.decide(both, FOLLOWER, now=NOW) == Allow(api=TABLE.find("passive"))
    closed = replace(both, callback_open=False)
    assert GOVERNOR.decide(closed, FOLLOWER, now=NOW) == Allow(api=TABLE.find("custom_send"))
    assert GOVERNOR.decide(both, replace(FOLLOWER, quota=Quota()), now=NOW) == Allow(api=TABLE.find("passive"))


def test_a_passive_answer_takes_nothing_of_the_quota_and_needs_none() -> None:
    answer = replace(REPLY, apis=("passive",), callback_open=True)
    assert isinstance(GOVERNOR.decide(answer, Standing(), now=NOW), Allow)


def test_who_was_never_asked_may_be_written_to_only_where_the_setting_says_so() -> None:
    permissive = Governor(TABLE, reply_reserve=1, unasked=Unasked.ALLOW)
    assert isinstance(permissive.decide(OFFER, replace(FOLLOWER, consents={}), now=NOW), Allow)
    asked = replace(FOLLOWER, consents={Consent.MARKETING: ConsentState.ASKED})
    assert reason_of(permissive.decide(OFFER, asked, now=NOW)) is Reason.CONSENT_MISSING


def test_the_reason_stored_is_that_of_the_first_check_that_refuses() -> None:
    hopeless = Standing(followed=False, unreachable="blocked")
    assert reason_of(GOVERNOR.decide(replace(OFFER, text_bytes=9999, approved=False), hopeless, now=NOW)) is (
        Reason.UNFOLLOWED
    )


def test_further_gates_come_last_in_their_order() -> None:
    asked: list[str] = []

    class QuietUntilLater:
        def __call__(
            self, apis: tuple[Api, ...], facts: OutgoingFacts, *, standing: Standing, now: datetime
        ) -> Verdict:
            asked.append("quiet")
            return Defer(until=LATER, reason=Reason.RATE_LIMITED)

    class NeverAsked:
        def __call__(
            self, apis: tuple[Api, ...], facts: OutgoingFacts, *, standing: Standing, now: datetime
        ) -> Verdict:
            asked.append("never")
            return apis

    governor = Governor(TABLE, reply_reserve=1, more_gates=(QuietUntilLater(), NeverAsked()))
    assert governor.decide(REPLY, FOLLOWER, now=NOW) == Defer(until=LATER, reason=Reason.RATE_LIMITED)
    assert reason_of(governor.decide(REPLY, replace(FOLLOWER, followed=False), now=NOW)) is Reason.UNFOLLOWED
    assert asked == ["quiet"]


def test_every_reason_has_a_sentence_in_both_languages() -> None:
    assert set(SENTENCES) == set(Reason)
    assert all(sentence.zh.endswith("。") and sentence.en.endswith(".") for sentence in SENTENCES.values())
    assert Refuse(reason=Reason.CONSENT_WITHDRAWN).sentence.zh == "客户已撤回营销消息的同意。"
    assert Defer(until=NOW, reason=Reason.RATE_LIMITED).sentence.en.startswith("The platform's rate")


def test_an_api_that_is_not_in_the_table_is_a_mistake_not_a_refusal() -> None:
    with pytest.raises(LookupError):
        GOVERNOR.decide(replace(REPLY, apis=("telegraph",)), FOLLOWER, now=NOW)


def test_what_storage_knows_of_a_person_becomes_their_standing() -> None:
    assert standing_of(PERSON, paced_until=NOW) == Standing(
        followed=True,
        window_until=LATER,
        quota=Quota(left=3, until=LATER),
        paced_until=NOW,
        consents={Consent.MARKETING: ConsentState.WITHDRAWN},
    )


def test_words_of_a_newer_version_stop_no_row_and_allow_nothing() -> None:
    person = replace(
        PERSON,
        consent_rows={
            name: ConsentRow(state=state, text_version="v1", at=NOW)
            for name, state in (("telepathy", "granted"), ("marketing", "granted_in_writing"))
        },
    )
    assert standing_of(person).consents == {Consent.MARKETING: ConsentState.REFUSED}


KF = OutgoingFacts(
    purpose=Purpose.SERVICE,
    by=Author.PERSON,
    channel="kf",
    audience=Audience.CUSTOMER,
    apis=("kf_send", "kf_on_event"),
)
CALLER = Standing(window_until=LATER, quota=Quota(left=1, until=LATER))


@pytest.mark.parametrize(
    ("facts", "standing", "expected"),
    [
        (KF, CALLER, "kf_send"),
        (replace(KF, by_code=True), Standing(), "kf_on_event"),
        (replace(KF, by=Author.BOT), CALLER, Reason.QUOTA_RESERVED),
        (KF, replace(CALLER, quota=Quota(left=0, until=LATER)), Reason.QUOTA_EXHAUSTED),
        (KF, Standing(), Reason.WINDOW_CLOSED),
        (KF, replace(CALLER, served_until=LATER), Reason.SERVED_BY_PERSON),
        (KF, replace(CALLER, served_until=NOW), "kf_send"),
        (replace(KF, purpose=Purpose.MARKETING), CALLER, Reason.PURPOSE_NOT_ALLOWED),
        (replace(REPLY, by_code=True), FOLLOWER, Reason.NO_API),
    ],
)
def test_customer_service_is_written_to_within_its_window_and_never_over_a_person(
    facts: OutgoingFacts, standing: Standing, expected: str | Reason
) -> None:
    ruling = GOVERNOR.decide(facts, standing, now=NOW)
    assert (ruling.api.name if isinstance(ruling, Allow) else ruling.reason) == expected


# --- properties -------------------------------------------------------------------------------------------------------

# Drawn so that a good part of the messages may go and every check decides some.
mostly = st.integers(0, 9).map(bool)
moments = st.sampled_from(
    [None, NOW - timedelta(days=1), NOW, *[NOW + timedelta(seconds=1), NOW + timedelta(days=2)] * 3]
)
apis = st.builds(
    lambda order, count: tuple(order[:count]),
    st.permutations(["passive", "custom_send", "message_send"]),
    st.sampled_from([3, 3, 3, 2, 2, 1]),
)
facts_of_any_kind = st.builds(
    lambda place, **rest: OutgoingFacts(channel=place[0], audience=place[1], **rest),
    place=st.sampled_from(
        [
            *[("wechat", Audience.CUSTOMER)] * 6,
            *[("wecom", Audience.STAFF)] * 3,
            ("wechat", Audience.STAFF),
            ("wecom", Audience.CUSTOMER),
        ]
    ),
    purpose=st.sampled_from(
        [Purpose.SERVICE, Purpose.SERVICE, Purpose.MARKETING, Purpose.MARKETING, Purpose.STATUTORY]
    ),
    by=st.sampled_from(Author),
    apis=apis,
    text_bytes=st.sampled_from([0, 1, 2047, 2048, 2048, 2049]),
    callback_open=st.booleans(),
    content_ok=mostly,
    approved=mostly,
)
standings = st.builds(
    Standing,
    followed=st.sampled_from([*[True] * 9, None, False]),
    unreachable=st.sampled_from([*[None] * 9, "blocked"]),
    window_until=moments,
    quota=st.builds(Quota, left=st.integers(-1, 6), until=moments),
    paced_until=moments,
    consents=st.builds(
        lambda marketing, others: others | ({} if marketing is None else {Consent.MARKETING: marketing}),
        st.sampled_from([*[ConsentState.GRANTED] * 4, None, *ConsentState]),
        st.dictionaries(st.sampled_from(Consent), st.sampled_from(ConsentState), max_size=2),
    ),
)
reserves = st.integers(0, 3)
often = settings(max_examples=400)


def oracle(facts: OutgoingFacts, standing: Standing, *, api: str, reserve: int) -> bool:
    """Whether `docs/sending.md` and the issue let this message go through `api` now, read row by row."""
    reachable = standing.followed is not False and standing.unreachable is None
    if not (reachable and facts.content_ok and facts.approved and facts.text_bytes <= 2048):
        return False
    match api, facts.channel, facts.audience.value, facts.purpose.value:
        case "passive", _, _, "service":
            return facts.callback_open
        case "custom_send", "wechat", "customer", ("service" | "marketing") as purpose:
            consented = standing.consents.get(Consent.MARKETING) == "granted"
            in_window = standing.window_until is not None and standing.window_until > NOW
            counted = standing.quota.until is not None and standing.quota.until > NOW
            left = standing.quota.left if counted else 0
            enough = left >= 1 if facts.by.value == "person" else left >= reserve + 1
            return in_window and enough and (purpose == "service" or consented)
        case "message_send", "wecom", "staff", _:
            return standing.paced_until is None or standing.paced_until <= NOW
        case _:
            return False


@often
@given(facts_of_any_kind, standings, reserves)
def test_a_message_goes_exactly_when_the_table_allows_it_and_by_the_first_api_that_may(
    facts: OutgoingFacts, standing: Standing, reserve: int
) -> None:
    ruling = Governor(TABLE, reply_reserve=reserve).decide(facts, standing, now=NOW)
    legal = [api for api in facts.apis if oracle(facts, standing, api=api, reserve=reserve)]
    assert (ruling.api.name if isinstance(ruling, Allow) else None) == (legal[0] if legal else None)


@often
@given(facts_of_any_kind, standings, st.sampled_from(Unasked), st.sampled_from(Consent))
def test_to_withdraw_a_consent_never_lets_more_through(
    facts: OutgoingFacts, standing: Standing, unasked: Unasked, consent: Consent
) -> None:
    governor = Governor(TABLE, reply_reserve=1, unasked=unasked)
    withdrawn = replace(standing, consents={**standing.consents, consent: ConsentState.WITHDRAWN})
    if isinstance(governor.decide(facts, withdrawn, now=NOW), Allow):
        assert isinstance(governor.decide(facts, standing, now=NOW), Allow)


@often
@given(facts_of_any_kind, standings, st.sampled_from(Unasked))
def test_to_opt_out_never_lets_more_through_and_never_stops_service(
    facts: OutgoingFacts, standing: Standing, unasked: Unasked
) -> None:
    governor = Governor(TABLE, reply_reserve=1, unasked=unasked)
    before = governor.decide(facts, standing, now=NOW)
    opted_out = {**standing.consents, Consent.MARKETING: ConsentState.WITHDRAWN}
    after = governor.decide(facts, replace(standing, consents=opted_out), now=NOW)
    if isinstance(after, Allow):
        assert isinstance(before, Allow)
    if facts.purpose is not Purpose.MARKETING:
        assert after == before


@often
@given(facts_of_any_kind, standings, reserves)
def test_a_person_may_send_whatever_the_bot_may(facts: OutgoingFacts, standing: Standing, reserve: int) -> None:
    governor = Governor(TABLE, reply_reserve=reserve)
    if isinstance(governor.decide(replace(facts, by=Author.BOT), standing, now=NOW), Allow):
        assert isinstance(governor.decide(replace(facts, by=Author.PERSON), standing, now=NOW), Allow)


@often
@given(facts_of_any_kind, standings)
def test_a_message_that_is_put_off_is_put_off_into_the_future(facts: OutgoingFacts, standing: Standing) -> None:
    ruling = GOVERNOR.decide(facts, standing, now=NOW)
    if isinstance(ruling, Defer):
        assert ruling.until > NOW
        assert not isinstance(GOVERNOR.decide(facts, standing, now=ruling.until), Defer)
