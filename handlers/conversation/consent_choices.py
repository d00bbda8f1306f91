"""The customer's choices about consents: answering the notice, showing what was chosen, changing it at any time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from content.consent import Consent, ConsentState
from content.local_time import local
from content.messages import Option, Text
from content.normal_form import normalise
from content.notice import CHOICE, TOGETHER, Notice
from content.slots import fill
from content.tree import Content
from handlers.conversation.asking import Asking
from handlers.conversation.elder import switch as elder_switch
from handlers.conversation.menu import typed_option
from handlers.conversation.phrasing import Phrasing
from handlers.conversation.preferences import preference_choice
from handlers.conversation.turn import NOT_HANDLED, ConsentChanged, NotHandled, Outcome, Reply, Turn

#: The last word of a choice's id, and the state that it means: answers of a question, and switches of the list.
_STATES: Final = {
    "yes": ConsentState.GRANTED,
    "no": ConsentState.REFUSED,
    "on": ConsentState.GRANTED,
    "off": ConsentState.WITHDRAWN,
}


class ConsentChoices:
    """Takes the choices down."""

    def __init__(self, content: Content, phrasing: Phrasing, *, more: bool = False) -> None:
        """`more`: the topics and the frequency of marketing can be chosen (`handlers.conversation.preferences`)."""
        self._more = (preference_choice(content.marketing),) if more else ()
        self._notice = content.notice
        self._phrasing = phrasing
        self._asking = Asking(content.notice, phrasing)
        self._elder = content.elder
        self._show = frozenset(map(normalise, content.notice.show))
        self._words = {normalise(phrase): (consent, on) for consent, on, phrase in content.notice.phrases()}

    def is_choice(self, turn: Turn) -> bool:
        """Tell whether a customer taps, or types, a choice about consents."""
        return not turn.with_staff and self._chosen(turn) is not None

    async def choose(self, turn: Turn) -> Outcome | NotHandled:
        """Take the choice down; what is still to be answered is asked next."""
        match (self._chosen(turn) or "").removeprefix(CHOICE).split("."):
            case ["all"]:
                return self._answered(turn, dict.fromkeys(self._unanswered(turn), ConsentState.GRANTED))
            case ["none"]:
                return self._answered(turn, dict.fromkeys(self._unanswered(turn), ConsentState.REFUSED))
            case ["each"]:
                return self._answered(turn, {})
            case [name, "yes" | "no" as word] if name in _NAMES:
                return self._answered(turn, {Consent(name): _STATES[word]})
            case [name, "show"] if name in _NAMES:
                return Outcome(replies=(self._one(turn, Consent(name)),))
            case [name, "on" | "off" as word] if name in _NAMES:
                return self._switched(turn, Consent(name), _STATES[word])
        return NOT_HANDLED

    def is_word(self, turn: Turn) -> bool:
        """Tell whether a customer gives a consent or takes it back in so many words."""
        return not turn.with_staff and any(fragment.normal in self._words for fragment in turn.fragments)

    async def word(self, turn: Turn) -> Outcome | NotHandled:
        """Switch it; of several the last counts."""
        said = [fragment for fragment in turn.fragments if fragment.normal in self._words]
        if not said:
            return NOT_HANDLED
        consent, on = self._words[said[-1].normal]
        return self._switched(turn, consent, ConsentState.GRANTED if on else ConsentState.WITHDRAWN)

    def is_show(self, turn: Turn) -> bool:
        """Tell whether a customer wants to see their choices."""
        return not turn.with_staff and turn.normal in self._show

    async def show(self, turn: Turn) -> Outcome | NotHandled:
        """List the five with their state and day, each with its switch."""
        return Outcome(replies=(self._list(turn),))

    def _chosen(self, turn: Turn) -> str | None:
        if not isinstance(turn.body, Text):
            return None
        tapped = turn.body.option
        if tapped is None:
            typed = typed_option(turn)
            tapped = typed.id if typed else ""
        return tapped if tapped.startswith(CHOICE) else None

    def _answered(self, turn: Turn, answers: dict[Consent, ConsentState]) -> Outcome:
        """Write the answers; ask the next that has none, the sensitive one last and only for a profile."""
        effects = self._steps(turn, answers.items())
        left = [consent for consent in self._unanswered(turn) if consent not in answers]
        if left:
            return Outcome(replies=(self._asking.question(turn, left[0]),), effects=effects)
        profile = answers.get(Consent.PROFILE, turn.standing.state(Consent.PROFILE))
        if profile is ConsentState.GRANTED and Consent.SENSITIVE not in answers and self._open(turn, Consent.SENSITIVE):
            question = self._asking.question(turn, Consent.SENSITIVE)
            return Outcome(replies=(question,), effects=(*effects, self._asking.asked(turn, Consent.SENSITIVE)))
        if not answers:
            return Outcome(replies=(self._list(turn),))
        states = [answers.get(consent, turn.standing.state(consent)) for consent in Consent]
        agreed = ConsentState.GRANTED in states
        words = self._notice.thanks if agreed else self._notice.declined
        return Outcome(replies=(self._phrasing.say(turn, words),), effects=effects)

    def _unanswered(self, turn: Turn) -> list[Consent]:
        return [consent for consent in TOGETHER if self._open(turn, consent)]

    def _open(self, turn: Turn, consent: Consent) -> bool:
        return turn.standing.state(consent) is ConsentState.ASKED or self._asking.is_due(turn, consent)

    def _switched(self, turn: Turn, consent: Consent, state: ConsentState) -> Outcome:
        words = self._notice.turned_on if state is ConsentState.GRANTED else self._notice.turned_off
        reply = self._phrasing.say(turn, words, title=self._notice.consents.of(consent).title)
        return Outcome(replies=(reply,), effects=self._steps(turn, [(consent, state)]))

    def _steps(self, turn: Turn, answers: Iterable[tuple[Consent, ConsentState]]) -> tuple[ConsentChanged, ...]:
        """Return the steps that say something new: a tap on an old question repeats nothing."""
        return tuple(
            self._asking.changed(turn, consent, step)
            for consent, answer in answers
            if (step := _step(turn.standing.state(consent), answer)) is not None
        )

    def _list(self, turn: Turn) -> Reply:
        if turn.standing.elder:
            return self._short_list(turn)
        options = [
            switch(self._notice, consent, on=turn.standing.state(consent) is not ConsentState.GRANTED)
            for consent in Consent
        ]
        options += [*self._more, elder_switch(self._elder, on=True)]
        return self._phrasing.ask(turn, "\n".join(self._lines(turn)), tuple(options))

    def _lines(self, turn: Turn) -> list[str]:
        """Return where each consent stands, and since which day."""
        lines = [self._notice.shown]
        for consent in Consent:
            standing = turn.standing.consents.get(consent)
            day = f"（{local(standing.at):%Y-%m-%d}）" if standing else ""
            title, state = self._notice.consents.of(consent).title, turn.standing.state(consent)
            lines.append(f"· {title}：{getattr(self._notice.states, state)}{day}")
        return lines

    def _short_list(self, turn: Turn) -> Reply:
        """Return how many are given, and each by its name: a tap shows it. All of it stands behind, and the notice."""
        granted = sum(turn.standing.state(consent) is ConsentState.GRANTED for consent in Consent)
        options = [
            Option(id=f"{CHOICE}{consent}.show", label=self._notice.consents.of(consent).title) for consent in Consent
        ]
        options.append(elder_switch(self._elder, on=False))
        short = self._phrasing.words(turn, self._elder.consents, granted=str(granted))
        whole = "\n".join([*self._lines(turn), self._notice.text])
        return replace(self._phrasing.told(turn, self._phrasing.words(turn, whole), tuple(options)), short=short)

    def _one(self, turn: Turn, consent: Consent) -> Reply:
        """Return one consent with its switch; what it means stands behind, whole."""
        asked, state = self._notice.consents.of(consent), turn.standing.state(consent)
        slots = {"title": asked.title, "state": str(getattr(self._notice.states, state))}
        more = self._more if consent is Consent.MARKETING else ()
        options = (switch(self._notice, consent, on=state is not ConsentState.GRANTED), *more)
        short = self._phrasing.words(turn, self._elder.consent, **slots)
        whole = f"{short}\n{self._phrasing.words(turn, asked.ask)}"
        return replace(self._phrasing.told(turn, whole, options), short=short)


_NAMES: Final = frozenset(map(str, Consent))


def _step(before: ConsentState, answer: ConsentState) -> ConsentState | None:
    """Return the state that an answer leads to, None for none: what was granted is withdrawn, not refused."""
    if answer is ConsentState.REFUSED and before is ConsentState.GRANTED:
        return ConsentState.WITHDRAWN
    is_no_again = answer is ConsentState.REFUSED and before is ConsentState.WITHDRAWN
    return None if answer is before or is_no_again else answer


def switch(notice: Notice, consent: Consent, *, on: bool) -> Option:
    """Return the choice that turns a consent on or off."""
    label = fill(notice.switch_on if on else notice.switch_off, {"title": notice.consents.of(consent).title})
    return Option(id=f"{CHOICE}{consent}.{'on' if on else 'off'}", label=label)


def consent_labels(content: Content) -> frozenset[str]:
    """Return the labels of every choice about consents."""
    switches = {switch(content.notice, consent, on=on).label for consent in Consent for on in (True, False)}
    titles = {content.notice.consents.of(consent).title for consent in Consent}
    return frozenset(switches | titles | {label for _, label in content.notice.choices})
