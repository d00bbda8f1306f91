"""The call-back in chat, open at any hour: one question at a time, each answer written once with its words and version.

The policies' desk begins it, behind the second step (`handlers/policies/desk.py`): who answers has shown who they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from content.callback import Callback, CallbackQuestion, Value
from content.messages import MenuReply, Option, Text, decode_outgoing
from content.policy import Policy, PolicyBook
from handlers.callbacks.hearing import Hearing, Tap, again_of
from handlers.callbacks.wording import CallbackWording
from handlers.clock import Clock
from handlers.conversation.phrasing import Phrasing
from handlers.conversation.turn import NOT_HANDLED, NotHandled, Outcome, Turn
from storage.callback_rounds import Round
from storage.callbacks import Answered, Callbacks, DoubtTask, Place, Subject
from storage.history import History
from storage.policy_bindings import PolicyBindings
from storage.tables.callbacks import CallbackState

CAUSE: Final = "callback"


class CallbackDesk:
    """What customers say in a call-back. Its routes wait for the database, so they are declared so."""

    def __init__(
        self,
        authored: Callback,
        phrasing: Phrasing,
        *,
        callbacks: Callbacks,
        bindings: PolicyBindings,
        history: History,
        clock: Clock,
        catch_all: int | None = None,
    ) -> None:
        """`catch_all`: who gets the tasks of who is nobody's customer."""
        self._authored = authored
        self._texts = authored.texts
        self._questions = {question.id: question for question in authored.questions}
        self._callbacks = callbacks
        self._bindings = bindings
        self._history = history
        self._clock = clock
        self._catch_all = catch_all
        self._wording = CallbackWording(authored, phrasing)
        self.hearing = Hearing(authored)

    # Asked by the policies' desk, which knows whom it talks with

    async def offer(self, turn: Turn, book: PolicyBook) -> tuple[str, tuple[Option, ...]]:
        """Return what stands below the list of one's policies while one of them waits; "" and nothing otherwise."""
        if not await self._waiting(turn, book):
            return "", ()
        return self._wording.words(turn, self._texts.offer), (self._wording.start,)

    async def begin(self, turn: Turn, holder: str, book: PolicyBook, wish: str) -> Outcome:
        """Begin the call-back of the policy that is due first, or go on with it."""
        chosen: Policy | None
        if (number := again_of(wish)) is not None:
            chosen = await self._once_more(turn, book, number)
        else:
            waiting = await self._waiting(turn, book) or await self._left_open(turn, book)
            if not waiting:
                return await self._nothing(turn, book)
            chosen = waiting[0]
        if chosen is None:
            return self._wording.say(turn, self._texts.nothing_due)
        subject = Subject(
            holder=holder,
            policy=chosen.number,
            product=chosen.product,
            due=chosen.callback_due,
            edition=self._authored.edition,
        )
        found = await self._callbacks.begin(_place(turn), subject, now=self._clock.now())
        question = self._next(found)
        if question is None:
            return self._wording.closed(turn, found)
        return self._wording.opened(turn, found, question)

    # Which route takes a message

    def is_answer(self, turn: Turn) -> bool:
        """Tell whether a customer answers a question or leaves: by a tap, or while one is asked by the words for it."""
        if turn.with_staff:
            return False
        return self.hearing.tap(turn) is not None or (_is_asked(turn) and self.hearing.may_be_answer(turn))

    def is_missed(self, turn: Turn) -> bool:
        """Tell whether somebody says what nothing else answers while a question is asked."""
        return not turn.with_staff and _is_asked(turn) and bool(turn.fragments)

    # What becomes of it

    async def answer(self, turn: Turn) -> Outcome | NotHandled:
        """Write the answer and ask the next question."""
        tap = self.hearing.tap(turn)
        found = await self._heard(turn, tap)
        if found is None:
            return NOT_HANDLED if tap is None else self._wording.say(turn, self._texts.over)
        if any(given.said_in in _said(turn) for given in found.answers):
            return self._onward(turn, found)  # the turn is made anew: what it says was written before
        if tap is None and not self._runs(turn, found):
            return await self._pass_on(turn)
        if (gone := await self._gone(turn, found)) is not None:
            return gone
        if tap is None and self.hearing.is_leave(turn):
            return await self._aside(turn, found, self._texts.left)
        question = self._next(found) if tap is None else self._questions.get(tap.question)
        if question is None:
            return self._wording.say(turn, self._texts.over)
        if found.answer_of(question.id) is not None:
            return self._onward(turn, found, before=self._wording.stands(turn, found, question))
        if not await self._is_about(turn, found, question):
            # Said of something else, or before the question was read. What is left for people goes to them.
            return self._onward(turn, found) if turn.standing.handover is None else NOT_HANDLED
        said = self.hearing.answer(turn, question) if tap is None else tap.value
        return await self._ask_again(turn, found) if said is None else await self._take(turn, found, question, said)

    async def missed(self, turn: Turn) -> Outcome | NotHandled:
        """Ask the question again, once; then put the call-back aside."""
        found = await self._callbacks.current(_place(turn))
        if found is None or not self._runs(turn, found):
            return await self._pass_on(turn)
        if (gone := await self._gone(turn, found)) is not None:
            return gone
        question = self._next(found)
        if question is not None and not await self._was_last(turn, found, question):
            return self._onward(turn, found)  # they may be about what was said in between
        return await self._ask_again(turn, found)

    async def _ask_again(self, turn: Turn, found: Round) -> Outcome | NotHandled:
        question = self._next(found)
        if question is None:
            return NOT_HANDLED
        if found.missed == question.id and found.missed_by not in _said(turn):
            return await self._aside(turn, found, self._texts.put_aside)
        by = f"{turn.account.name}:{turn.seqs[-1]}"
        await self._callbacks.miss(found.id, _place(turn), question=question.id, by=by)
        return self._wording.again(turn, found, question)

    async def _heard(self, turn: Turn, tap: Tap | None) -> Round | None:
        if tap is None:
            return await self._callbacks.current(_place(turn))
        return await self._callbacks.get(tap.round_id, turn.who.identity_id)

    def _runs(self, turn: Turn, found: Round) -> bool:
        """Tell whether words are for this round: it is open, and nothing but this very turn has put it aside."""
        aside = found.paused_by is not None and found.paused_by not in _said(turn)
        return found.state is CallbackState.OPEN and not aside

    async def _is_about(self, turn: Turn, found: Round, question: CallbackQuestion) -> bool:
        """Tell whether an answer is one to this question: tapped, in words of its alone, or said right behind it."""
        tapped = isinstance(turn.body, Text) and turn.body.option is not None
        return tapped or self.hearing.is_own(turn) or await self._was_last(turn, found, question)

    async def _was_last(self, turn: Turn, found: Round, question: CallbackQuestion) -> bool:
        """Tell whether the question was the last thing that the customer was told before they wrote."""
        lately = await self._history.said_lately(
            turn.account.name, turn.who.identity_id, limit=1, ever=True, before=turn.seqs[0]
        )
        asked = {option.id for option in question.options(found.id)}
        for said in lately:
            content = decode_outgoing(said.kind, said.fields)
            if isinstance(content, MenuReply):
                return any(option.id in asked for option in (*content.options, *(content.rest_options or ())))
        return False

    async def _pass_on(self, turn: Turn) -> NotHandled:
        """Leave the words to others, and let none run any more."""
        await self._callbacks.forget(_place(turn))
        return NOT_HANDLED

    async def _gone(self, turn: Turn, found: Round) -> Outcome | None:
        """Return what is said of a round that takes no answers; None of one that does."""
        if found.state is CallbackState.DONE:
            return self._wording.say(turn, self._texts.over)
        if await self._bindings.holder_of(turn.who.customer_id) != found.holder:
            return await self._aside(turn, found, self._texts.over)
        if found.state is CallbackState.REPLACED or found.edition != self._authored.edition:
            return await self._aside(turn, found, self._texts.replaced)
        return None

    async def _aside(self, turn: Turn, found: Round, words: str) -> Outcome:
        """Put a round aside; the same message again is told the same."""
        await self._callbacks.pause(found.id, _place(turn), by=f"{turn.account.name}:{turn.seqs[-1]}")
        return self._wording.say(turn, words)

    async def _take(self, turn: Turn, found: Round, question: CallbackQuestion, said: Value) -> Outcome:
        given, is_doubt = question.answers.of(said), said in question.doubt
        now = self._clock.now()
        answer = Answered(
            question=question.id,
            text=question.text,
            label=given.label,
            value=said.value,
            is_doubt=is_doubt,
            seq=turn.seqs[-1],
            total=len(self._questions),
        )
        doubt = DoubtTask(
            cause=CAUSE,
            title=self._authored.task_title,
            customer_id=turn.who.customer_id,
            due_at=now + timedelta(minutes=self._authored.task_minutes),
            phrase=f"{question.topic}：{given.label}",
            catch_all=self._catch_all,
        )
        taken = await self._callbacks.take(found.id, _place(turn), answer, doubt=doubt if is_doubt else None, now=now)
        if taken is None:
            return self._wording.say(turn, self._texts.over)
        return self._onward(turn, taken)

    def _onward(self, turn: Turn, found: Round, *, before: str = "") -> Outcome:
        """Return the next question, or the end."""
        question = self._next(found)
        if question is None:
            return self._wording.closed(turn, found)
        is_noted = any(given.is_doubt and given.said_in in _said(turn) for given in found.answers)
        words = self._wording.noted(turn) if is_noted else before
        return self._wording.asked(turn, found, question, before=words)

    def _next(self, found: Round) -> CallbackQuestion | None:
        return next((each for each in self._authored.questions if found.answer_of(each.id) is None), None)

    async def _waiting(self, turn: Turn, book: PolicyBook) -> Sequence[Policy]:
        """Return the policies whose call-back is asked for and not done, the one due first at the front."""
        asked = [policy for policy in book.policies if policy.callback_due is not None]
        if not asked:
            return ()
        done = await self._callbacks.done(turn.who.customer_id, [policy.number for policy in asked])
        return sorted((policy for policy in asked if policy.number not in done), key=_due)

    async def _left_open(self, turn: Turn, book: PolicyBook) -> Sequence[Policy]:
        """Return the policies of which one more round was begun and is not done."""
        begun = await self._callbacks.begun(turn.who.identity_id, [policy.number for policy in book.policies])
        return [policy for policy in book.policies if policy.number in begun]

    async def _once_more(self, turn: Turn, book: PolicyBook, number: int) -> Policy | None:
        done = await self._callbacks.done(turn.who.customer_id, [policy.number for policy in book.policies])
        wanted = {each.policy for each in done.values() if each.id == number}
        return next((policy for policy in book.policies if policy.number in wanted), None)

    async def _nothing(self, turn: Turn, book: PolicyBook) -> Outcome:
        asked = [policy.number for policy in book.policies if policy.callback_due is not None]
        done = await self._callbacks.done(turn.who.customer_id, asked) if asked else {}
        if not done:
            return self._wording.say(turn, self._texts.nothing_due)
        return self._wording.already_done(turn, max(done.values(), key=lambda each: each.id))


def _is_asked(turn: Turn) -> bool:
    """Tell whether words may be for a call-back: one runs, and nobody serves the customer at the platform itself."""
    until = turn.standing.served_until
    return turn.standing.callback is not None and (until is None or until <= turn.now)


def _said(turn: Turn) -> frozenset[str]:
    """Return the turn's messages as ACCOUNT:SEQ."""
    return frozenset(f"{turn.account.name}:{seq}" for seq in turn.seqs)


def _place(turn: Turn) -> Place:
    return Place(account=turn.account.name, identity_id=turn.who.identity_id)


def _due(policy: Policy) -> date:
    return policy.callback_due or date.max
