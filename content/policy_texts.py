"""What customers ask about their policies, and what they are told."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from content.authored import Authored, Phrase, Words

#: Slots that a text may hold beside `{account}` and `{hotline}`.
POLICY_SLOTS: Final = {
    "bound": frozenset({"name"}),
    "code_sent": frozenset({"tail", "minutes"}),
    "code_message": frozenset({"code", "minutes"}),
    "code_wrong": frozenset({"left"}),
    "as_of": frozenset({"as_of"}),
    "more": frozenset({"count"}),
    "policy": frozenset({"number", "product", "insured", "status"}),
    "due": frozenset({"date"}),
    "due_amount": frozenset({"date", "amount"}),
    "paid_until": frozenset({"date"}),
    "sum_insured": frozenset({"amount"}),
    "case": frozenset({"kind", "number", "step"}),
    "since": frozenset({"date"}),
    "next_step": frozenset({"step"}),
}
Phrases = Annotated[tuple[Phrase, ...], Field(min_length=1)]


class Asks(Authored):
    """Whole messages that ask for something of the customer's own; what asks in general is in answers.yaml."""

    policies: Phrases
    renewals: Phrases
    progress: Phrases
    bind: Phrases
    unbind: Phrases


class PolicyTexts(Authored):
    """The sentences of the policies' room."""

    asks: Asks
    #: How to bind: what to send in one message.
    how_to_bind: Words
    not_bound: Words
    #: `{name}`: bound, and the second step comes at the first question.
    bound: Words
    #: The three do not belong together.
    not_found: Words
    #: Too many attempts, or codes, in a day.
    too_many: Words
    unbound: Words
    nothing_bound: Words
    #: `{tail}`: the phone's last four; `{minutes}`.
    code_sent: Words
    #: What the phone gets: `{code}`, `{minutes}`.
    code_message: Words
    #: `{left}`: tries.
    code_wrong: Words
    code_over: Words
    #: The source has no phone of the holder.
    no_phone: Words
    #: The source or the gateway does not answer: nothing is shown, and somebody will see to it.
    down: Words
    #: Under every list: `{as_of}`.
    as_of: Words
    #: `{count}`: so many more than a message holds.
    more: Words
    no_policies: Words
    no_renewals: Words
    no_cases: Words
    policy: Words
    due: Words
    due_amount: Words
    paid_until: Words
    sum_insured: Words
    case: Words
    since: Words
    next_step: Words
    #: What the task is called that a customer's question makes when the source is down, and until when it is due.
    task_title: Words
    task_minutes: Annotated[int, Field(ge=1, le=10_080)]
