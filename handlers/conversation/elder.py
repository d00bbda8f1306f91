"""The mode for the elderly: turned on and off by the customer's own words, offered when they ask, and the rest of what
was said."""

from __future__ import annotations

from typing import Final

from content.elder import MORE, OFF, ON, Elder, Phrasebook
from content.messages import MenuReply, Option, Text, decode_outgoing
from content.tree import Content
from handlers.conversation.elder_form import ElderForm, more_id
from handlers.conversation.menu import typed_option
from handlers.conversation.phrasing import Phrasing
from handlers.conversation.turn import NOT_HANDLED, ElderChanged, NotHandled, Outcome, Reply, Turn
from storage.history import History
from storage.tables.handover import HandoverState

#: So far back the message is looked for whose rest was tapped: further than anybody scrolls.
_LATELY: Final = 20
#: While one of these is open the bot is silent.
_SILENT: Final = frozenset({HandoverState.WAITING, HandoverState.OFFERED, HandoverState.RUNNING})


class ElderMode:
    """Switches the mode."""

    def __init__(self, content: Content, phrasing: Phrasing) -> None:
        self._elder = content.elder
        self._phrasing = phrasing
        self._book = Phrasebook(content.elder)

    def is_choice(self, turn: Turn) -> bool:
        """Tell whether a customer turns it on or off, or asks what it is, in so many words or by a tap."""
        return not turn.with_staff and self._chosen(turn) is not None

    async def choose(self, turn: Turn) -> Outcome | NotHandled:
        """Turn it on or off, or offer it."""
        elder = self._elder
        match self._chosen(turn):
            case word if word == ON and turn.standing.elder:
                return self._say(turn, elder.already_on)
            case word if word == ON:
                return self._switched(turn, elder.turned_on, on=True)
            case word if word == OFF and turn.standing.elder:
                return self._switched(turn, elder.turned_off, on=False)
            case word if word == OFF:
                return self._say(turn, elder.already_off)
            case str():
                return self._offered(turn)
        return NOT_HANDLED

    def _chosen(self, turn: Turn) -> str | None:
        tapped = chosen_id(turn)
        if tapped in (ON, OFF):
            return tapped
        said = [choice for part in turn.fragments if (choice := self._book.choice(part.normal)) is not None]
        return said[-1] if said else None

    def _switched(self, turn: Turn, words: str, *, on: bool) -> Outcome:
        reply = self._phrasing.say(turn, words)
        return Outcome(replies=(reply,), effects=(ElderChanged(on=on),))

    def _offered(self, turn: Turn) -> Outcome:
        return Outcome(
            replies=(self._phrasing.ask(turn, self._elder.offer, (switch(self._elder, on=not turn.standing.elder),)),)
        )

    def _say(self, turn: Turn, words: str) -> Outcome:
        return Outcome(replies=(self._phrasing.say(turn, words),))


class MoreOfIt:
    """Gives the rest of a message that was shortened; it looks into the log, so its route is declared as waiting."""

    def __init__(self, content: Content, phrasing: Phrasing, history: History) -> None:
        self._elder = content.elder
        self._form = ElderForm(content)
        self._phrasing = phrasing
        self._history = history
        self._go_on = Phrasebook(content.elder).go_on

    def matches(self, turn: Turn) -> bool:
        """Tell whether a customer wants to read on; what is typed while a person serves is said to that person."""
        if turn.with_staff:
            return False
        if chosen_id(turn).startswith(MORE):
            return True
        handover = turn.standing.handover
        served = handover is not None and handover.state in _SILENT
        return turn.standing.elder and not served and turn.normal in self._go_on

    async def give(self, turn: Turn) -> Outcome | NotHandled:
        """Give the next piece of the message that was tapped, or of what was said last. Raises StorageError."""
        wanted = chosen_id(turn)
        tapped = wanted.startswith(MORE)
        limit = _LATELY if tapped else 1
        lately = self._history.said_lately(turn.account.name, turn.who.identity_id, limit=limit, ever=tapped)
        for said in await lately:
            content = decode_outgoing(said.kind, said.fields)
            if not isinstance(content, MenuReply) or (content.rest is None and content.rest_options is None):
                continue
            rest, options = content.rest or "", content.rest_options or ()
            if tapped and more_id(rest, options) != wanted:
                continue
            page = self._form.page(rest, options)
            return Outcome(replies=(Reply(content=page, content_version=self._phrasing.version),))
        words = self._elder.too_long_ago if tapped else self._elder.nothing_more
        return Outcome(replies=(self._phrasing.say(turn, words),))


def chosen_id(turn: Turn) -> str:
    """Return the id of the choice that was tapped or typed; "" when none was."""
    if not isinstance(turn.body, Text):
        return ""
    if turn.body.option is not None:
        return turn.body.option
    typed = typed_option(turn)
    return typed.id if typed else ""


def switch(elder: Elder, *, on: bool) -> Option:
    """Return the choice that turns the mode on or off."""
    return Option(id=ON, label=elder.switch_on) if on else Option(id=OFF, label=elder.switch_off)


def elder_labels(content: Content) -> frozenset[str]:
    """Return the labels of every choice about the mode."""
    elder = content.elder
    return frozenset({elder.more, elder.switch_on, elder.switch_off, *(score.label for score in elder.scores)})
