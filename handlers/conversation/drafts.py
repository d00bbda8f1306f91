"""From the outcome of a turn to what is written of it."""

from __future__ import annotations

from collections.abc import Sequence

from content.messages import encode_body
from handlers.conversation.turn import Attributed, ConsentChanged, ElderChanged, Outcome, Reply
from storage.records import AttributionDraft, ConsentDraft, Pending, ReplyDraft


def reply_drafts(outcome: Outcome) -> tuple[ReplyDraft, ...]:
    """Return the replies in order."""
    return tuple(map(_reply, outcome.replies))


def consent_drafts(outcome: Outcome, items: Sequence[Pending]) -> tuple[ConsentDraft, ...]:
    """Return the changes of consents, each with the place in the log of the words that show it."""
    return tuple(_consent(effect, items) for effect in outcome.effects if isinstance(effect, ConsentChanged))


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
    [seq] = [item.seq for item in items if item.inbound is changed.evidence]
    return ConsentDraft(consent=changed.consent, state=changed.state, text_version=changed.text_version, seq=seq)
