"""From the outcome of a turn to what is written of it."""

from __future__ import annotations

from collections.abc import Sequence

from content.messages import Inbound, encode_body
from handlers.conversation.turn import Attributed, ConsentChanged, ElderChanged, Outcome, PreferenceChanged, Reply
from storage.preference_rows import PreferenceDraft
from storage.records import AttributionDraft, ConsentDraft, Pending, ReplyDraft


def reply_drafts(outcome: Outcome) -> tuple[ReplyDraft, ...]:
    """Return the replies in order."""
    return tuple(map(_reply, outcome.replies))


def consent_drafts(outcome: Outcome, items: Sequence[Pending]) -> tuple[ConsentDraft, ...]:
    """Return the changes of consents, each with the place in the log of the words that show it."""
    return tuple(_consent(effect, items) for effect in outcome.effects if isinstance(effect, ConsentChanged))


def preference_drafts(outcome: Outcome, items: Sequence[Pending]) -> tuple[PreferenceDraft, ...]:
    """Return the choices about marketing, each with the place in the log of the words that show it."""
    return tuple(_preference(effect, items) for effect in outcome.effects if isinstance(effect, PreferenceChanged))


def attribution_drafts(outcome: Outcome) -> tuple[AttributionDraft, ...]:
    """Return where the person came from."""
    return tuple(
        AttributionDraft(scene=effect.scene, campaign=effect.campaign, agent=effect.agent)
        for effect in outcome.effects
        if isinstance(effect, Attributed)
    )


def elder_draft(outcome: Outcome) -> bool | None:
    """Return what became of the mode for the elderly; None: nothing."""
    return next((effect.on for effect in reversed(outcome.effects) if isinstance(effect, ElderChanged)), None)


def _reply(reply: Reply) -> ReplyDraft:
    kind, fields = encode_body(reply.content)
    return ReplyDraft(kind=kind, fields=fields, purpose=reply.purpose, content_version=reply.content_version)


def _consent(changed: ConsentChanged, items: Sequence[Pending]) -> ConsentDraft:
    seq = _seq_of(changed.evidence, items)
    return ConsentDraft(consent=changed.consent, state=changed.state, text_version=changed.text_version, seq=seq)


def _preference(changed: PreferenceChanged, items: Sequence[Pending]) -> PreferenceDraft:
    return PreferenceDraft(
        topic=changed.topic,
        choice=changed.choice,
        limit=changed.limit,
        text_version=changed.text_version,
        seq=_seq_of(changed.evidence, items),
    )


def _seq_of(message: Inbound, items: Sequence[Pending]) -> int:
    [seq] = [item.seq for item in items if item.inbound is message]
    return seq
