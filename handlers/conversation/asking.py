"""Asking for a consent and taking the answer down, in the notice's present words."""

from __future__ import annotations

from content.consent import Consent, ConsentState
from content.messages import Option
from content.notice import CHOICE, VERSION, Notice
from handlers.conversation.phrasing import Phrasing
from handlers.conversation.turn import ConsentChanged, Reply, Turn


class Asking:
    """Makes questions and the rows of their answers."""

    def __init__(self, notice: Notice, phrasing: Phrasing) -> None:
        self._notice = notice
        self._phrasing = phrasing

    def question(self, turn: Turn, consent: Consent, *, lead: str = "") -> Reply:
        """Return one consent asked by itself, `lead` above it."""
        labels = self._notice.choices
        options = (
            Option(id=f"{CHOICE}{consent}.yes", label=labels.agree),
            Option(id=f"{CHOICE}{consent}.no", label=labels.refuse),
        )
        head = self._notice.consents.of(consent).ask
        return self._phrasing.ask(turn, f"{lead}\n{head}" if lead else head, options)

    def asked(self, turn: Turn, consent: Consent) -> ConsentChanged:
        """Return that a consent is asked for now."""
        return self.changed(turn, consent, ConsentState.ASKED)

    def changed(self, turn: Turn, consent: Consent, state: ConsentState) -> ConsentChanged:
        """Return a step of a consent, shown by the turn's last message."""
        version = self._notice.version_of(consent)
        return ConsentChanged(consent=consent, state=state, text_version=version, evidence=turn.last)

    def is_due(self, turn: Turn, consent: Consent) -> bool:
        """Tell whether a consent is to be asked for: never asked nor said, or asked in words that have changed since.

        Who refused or withdrew is left alone, whatever changes; so is who agreed unasked, in words of their own.
        """
        standing = turn.standing.consents.get(consent)
        if standing is None:
            return True
        if standing.state not in (ConsentState.ASKED, ConsentState.GRANTED):
            return False
        return standing.text_version.startswith(VERSION) and standing.text_version != self._notice.version_of(consent)
