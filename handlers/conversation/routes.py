"""Everything the bot answers, in order: the one list to read to know which route takes a message."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from content.tree import Content
from handlers.benefits.desk import BenefitDesk
from handlers.conversation.answers import AnswerBook, Answering
from handlers.conversation.commands import Commands
from handlers.conversation.consent import MarketingChoice
from handlers.conversation.consent_choices import ConsentChoices
from handlers.conversation.elder import ElderMode, MoreOfIt
from handlers.conversation.fallback import Fallback, always, has_words
from handlers.conversation.media import MediaReceived, is_media, is_unheard_voice
from handlers.conversation.menu import Choices
from handlers.conversation.phrasing import Phrasing
from handlers.conversation.preferences import Book, PreferenceDesk, preference_words
from handlers.conversation.routing import Handler, Matcher, Route
from handlers.conversation.staff import StaffDesk
from handlers.conversation.turn import Outcome, Turn
from handlers.conversation.welcome import Welcoming, is_customer_entering, is_follow, is_scan, is_unfollow
from handlers.conversation.why import Receipts, Why
from handlers.handover.desks import HandoverDesks
from handlers.policies.desk import PolicyDesk
from handlers.privacy.desk import PrivacyDesk
from handlers.tasks.desk import TaskDesk
from storage.history import History


def build_routes(
    content: Content,
    *,
    tasks: TaskDesk | None = None,
    receipts: Receipts | None = None,
    privacy: PrivacyDesk | None = None,
    policies: PolicyDesk | None = None,
    handover: HandoverDesks | None = None,
    history: History | None = None,
    preferences: Book | None = None,
    benefits: BenefitDesk | None = None,
) -> tuple[Route, ...]:
    """Return the routes over `content`, everything in it compiled; build them once."""
    phrasing = Phrasing(content)
    staff = StaffDesk(content.texts, phrasing)
    welcoming = Welcoming(content.welcome, phrasing)
    choices = Choices(content, phrasing)
    answering = Answering(AnswerBook(content.answers), phrasing)
    marketing = MarketingChoice(content, phrasing, answering=answering)
    choosing = ConsentChoices(content, phrasing, more=preferences is not None)
    preferring = None if preferences is None else PreferenceDesk(content, phrasing, preferences)
    elder = ElderMode(content, phrasing)
    media = MediaReceived(content.texts, phrasing)
    fallback = Fallback(content.texts, phrasing)
    return (
        *_task_routes(tasks),
        *_why_routes(content, phrasing, receipts),
        *_privacy_routes(privacy),
        # A code that is waited for is for the bot alone: nobody who serves the customer is to see it.
        *_code_routes(policies),
        *_more_routes(content, phrasing, history),
        # What the law gives a customer is done by the bot whoever serves them; nothing else is.
        *_talk_routes(
            handover,
            *(() if preferring is None else ((preferring.is_choice, preferring.choose),)),
            (marketing.matches, marketing.handle),
            (choosing.is_choice, choosing.choose),
            (choosing.is_word, choosing.word),
            (elder.is_choice, elder.choose),
        ),
        *_policy_routes(policies),
        Route(name="staff.follow", matches=staff.is_follow, handle=staff.follow),
        Route(name="staff.unbound", matches=staff.is_unbound, handle=staff.unbound),
        Route(name="staff.help", matches=staff.is_help, handle=staff.help),
        Route(name="staff.whoami", matches=staff.is_whoami, handle=staff.whoami),
        *_agent_routes(handover),
        Route(name="follow", matches=is_follow, handle=welcoming.follow),
        Route(name="unfollow", matches=is_unfollow, handle=welcoming.unfollow),
        Route(name="scan", matches=is_scan, handle=welcoming.scan),
        *_asking_routes(handover, marketing),
        Route(name="enter", matches=is_customer_entering, handle=welcoming.enter),
        Route(name="menu.click", matches=choices.is_click, handle=choices.click),
        # Before a refusal of all advertising, whose words theirs may hold: these are whole messages.
        *_preference_routes(preferring),
        *_benefit_routes(benefits),
        # Before the options: a choice about advertising counts however it was made.
        Route(name="consent.marketing", matches=marketing.matches, handle=marketing.handle),
        Route(name="consent.choice", matches=choosing.is_choice, handle=choosing.choose),
        Route(name="consent.word", matches=choosing.is_word, handle=choosing.word),
        Route(name="consent.show", matches=choosing.is_show, handle=choosing.show),
        Route(name="elder", matches=elder.is_choice, handle=elder.choose),
        *_callback_routes(policies),
        Route(name="menu.option", matches=choices.is_option, handle=choices.option),
        Route(name="answers", matches=answering.matches, handle=answering.answer),
        *_left_routes(handover),
        *_missed_routes(policies),
        Route(name="media.voice_unknown", matches=is_unheard_voice, handle=media.unheard),
        Route(name="media.received", matches=is_media, handle=media.received),
        Route(name="fallback", matches=has_words, handle=fallback.unanswered),
        Route(name="quiet", matches=always, handle=fallback.quiet),
    )


def commands_of(content: Content, *, policies: PolicyDesk | None = None) -> Commands:
    """Return which messages of customers are turns of their own."""
    own, notice, asks = content.retention.phrases, content.notice, content.policies.asks
    elder = content.elder
    phrases = [*own.export, *own.erase, *own.confirm, *notice.show, *notice.why]
    phrases += [*elder.on, *elder.off, *elder.about]
    phrases += [phrase for _, _, phrase in notice.phrases()]
    phrases += preference_words(content)
    phrases += content.benefits.phrases()
    begins = (*own.correct, *content.benefits.asks.begins)
    if policies is None:
        return Commands(phrases, begins=begins)
    phrases += [*asks.policies, *asks.renewals, *asks.progress, *asks.bind, *asks.unbind]
    phrases += [*content.callback.start, *content.callback.leave]
    return Commands(phrases, begins=begins, forms=policies.FORMS)


def _task_routes(tasks: TaskDesk | None) -> tuple[Route, ...]:
    if tasks is None:
        return ()
    return (
        Route(name="tasks.today", matches=tasks.is_today, handle=tasks.today, waits=True),
        Route(name="tasks.done", matches=tasks.is_done, handle=tasks.done, waits=True),
    )


def _policy_routes(policies: PolicyDesk | None) -> tuple[Route, ...]:
    if policies is None:
        return ()
    return (
        Route(name="policies.wish", matches=policies.is_wish, handle=policies.wish, waits=True),
        Route(name="policies.bind", matches=policies.is_bind, handle=policies.how_to_bind),
        Route(name="policies.claim", matches=policies.is_claim, handle=policies.claim, waits=True),
        Route(name="policies.unbind", matches=policies.is_unbind, handle=policies.unbind, waits=True),
    )


def _callback_routes(policies: PolicyDesk | None) -> tuple[Route, ...]:
    if policies is None:
        return ()
    desk = policies.callbacks
    return (Route(name="callback.answer", matches=desk.is_answer, handle=desk.answer, waits=True),)


def _missed_routes(policies: PolicyDesk | None) -> tuple[Route, ...]:
    """Return what comes behind all answers: a question of a call-back is asked again only for what nothing answers."""
    if policies is None:
        return ()
    desk = policies.callbacks
    return (Route(name="callback.missed", matches=desk.is_missed, handle=desk.missed, waits=True),)


def _code_routes(policies: PolicyDesk | None) -> tuple[Route, ...]:
    if policies is None:
        return ()
    return (Route(name="policies.code", matches=policies.is_code, handle=policies.code, waits=True),)


def _why_routes(content: Content, phrasing: Phrasing, receipts: Receipts | None) -> tuple[Route, ...]:
    if receipts is None:
        return ()
    why = Why(content, phrasing, receipts)
    return (Route(name="why", matches=why.matches, handle=why.explain, waits=True),)


def _privacy_routes(privacy: PrivacyDesk | None) -> tuple[Route, ...]:
    if privacy is None:
        return ()
    return (
        Route(name="privacy.export", matches=privacy.is_export, handle=privacy.export, waits=True),
        Route(name="privacy.erase", matches=privacy.is_erase, handle=privacy.ask, waits=True),
        Route(name="privacy.confirm", matches=privacy.is_confirm, handle=privacy.confirm, waits=True),
        Route(name="privacy.correct", matches=privacy.is_correct, handle=privacy.correct),
    )


def _preference_routes(preferring: PreferenceDesk | None) -> tuple[Route, ...]:
    if preferring is None:
        return ()
    return (Route(name="preferences", matches=preferring.is_choice, handle=preferring.choose, waits=True),)


def _benefit_routes(benefits: BenefitDesk | None) -> tuple[Route, ...]:
    if benefits is None:
        return ()
    return (
        Route(name="benefits.claim", matches=benefits.is_claim, handle=benefits.claim, waits=True),
        Route(name="benefits.mine", matches=benefits.is_mine, handle=benefits.mine, waits=True),
    )


def _more_routes(content: Content, phrasing: Phrasing, history: History | None) -> tuple[Route, ...]:
    if history is None:
        return ()
    more = MoreOfIt(content, phrasing, history)
    return (Route(name="elder.more", matches=more.matches, handle=more.give, waits=True),)


def _agent_routes(handover: HandoverDesks | None) -> tuple[Route, ...]:
    """Return what staff who serve customers say, after the words that every member of staff knows."""
    if handover is None:
        return ()
    desk = handover.agents
    return (
        Route(name="handover.duty", matches=desk.is_duty, handle=desk.duty, waits=True),
        Route(name="handover.listed", matches=desk.is_list, handle=desk.listed, waits=True),
        Route(name="handover.step", matches=desk.is_step, handle=desk.step, waits=True),
        Route(name="handover.numbered", matches=desk.is_numbered, handle=desk.numbered, waits=True),
        Route(name="handover.unnumbered", matches=desk.is_unnumbered, handle=desk.unnumbered, waits=True),
    )


def _talk_routes(handover: HandoverDesks | None, *choices: tuple[Matcher, Handler]) -> tuple[Route, ...]:
    """Return what comes before the bot's own answers: who waits or is served is not answered by it."""
    if handover is None:
        return ()
    desk = handover.customers
    return (
        Route(name="handover.score", matches=desk.is_score, handle=desk.score, waits=True),
        Route(name="handover.talk", matches=desk.is_talk, handle=partial(desk.talk, choices=choices), waits=True),
    )


def _asking_routes(handover: HandoverDesks | None, marketing: MarketingChoice) -> tuple[Route, ...]:
    if handover is None:
        return ()
    desk = handover.customers
    # A choice about advertising beside it is never lost: that route takes such a turn.
    return (
        Route(
            name="handover.asked",
            matches=lambda turn: desk.is_asked(turn) and not marketing.matches(turn),
            handle=desk.ask,
            waits=True,
        ),
    )


def _left_routes(handover: HandoverDesks | None) -> tuple[Route, ...]:
    if handover is None:
        return ()
    desk = handover.customers
    return (Route(name="handover.left", matches=desk.is_left, handle=desk.left, waits=True),)


def apologise(content: Content) -> Callable[[Turn], Outcome]:
    """Return what is said when a route failed: that there is no answer, and where help is."""
    phrasing = Phrasing(content)

    def apology(turn: Turn) -> Outcome:
        words = content.texts.staff_fallback if turn.with_staff else content.texts.fallback
        return Outcome(replies=(phrasing.say(turn, words),))

    return apology
