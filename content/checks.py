"""What no single model can see: names that are used twice, that lead nowhere, or that nothing leads to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pydantic import BaseModel

from content.answers import Answers
from content.consent_words import ConsentWords
from content.document import Document, Place
from content.errors import Problem
from content.handover import HANDOVER_SLOTS, Handover
from content.marketing import MARKETING_SLOTS, Marketing
from content.menu import Menu
from content.normal_form import normalise
from content.notice import NOTICE_SLOTS, Notice
from content.patterns import compile_pattern
from content.policy_texts import POLICY_SLOTS, PolicyTexts
from content.retention import PRIVACY_SLOTS, Retention
from content.signals import TASK_SLOTS, Tasks
from content.slots import COMMON_SLOTS, slots_of
from content.texts import TEXT_SLOTS, Texts
from content.welcome import WELCOME_SLOTS, Welcome
from content.wording import Wording


def check_texts(document: Document, texts: Texts) -> Iterator[Problem]:
    """Yield a slot that nothing fills."""
    for name, text in texts:
        if isinstance(text, str):
            allowed = TEXT_SLOTS.get(name, frozenset()) | COMMON_SLOTS
            yield from _unknown_slots(document, (name,), slots_of(text), allowed=allowed)


def check_notice(document: Document, notice: Notice) -> Iterator[Problem]:
    """Yield a slot that nothing fills."""
    for name in ("text", "shown", "thanks", "declined", "why_nothing", *NOTICE_SLOTS):
        allowed = NOTICE_SLOTS.get(name, frozenset()) | COMMON_SLOTS
        yield from _unknown_slots(document, (name,), slots_of(getattr(notice, name)), allowed=allowed)
    for name, asked in notice.consents:
        yield from _unknown_slots(document, ("consents", name, "ask"), slots_of(asked.ask), allowed=COMMON_SLOTS)


def check_marketing(document: Document, marketing: Marketing, words: ConsentWords, notice: Notice) -> Iterator[Problem]:
    """Yield ids, titles and whole messages that stand twice or mean a consent already, and slots nothing fills."""
    for name in ("topics", "frequencies"):
        entries = getattr(marketing, name)
        for key in ("id", "title"):
            yield from _repeated(document, (((name, n, key), getattr(each, key)) for n, each in enumerate(entries)))
    consents = [*words.opt_in.exact, *words.opt_out.exact, *notice.show, *notice.why]
    taken = frozenset(map(normalise, [*consents, *(phrase for _, _, phrase in notice.phrases())]))
    spoken: dict[str, str] = {}
    for place, phrase, meant in marketing.phrases():
        normal = normalise(phrase)
        if normal in taken:
            what = f"{phrase!r} is about a consent already (consent.yaml or notice.yaml)"
            yield document.problem(place, what, "choose other words here: those must stay what they are")
        elif spoken.setdefault(normal, meant) != meant:
            yield document.problem(place, f"{phrase!r} means another choice already", "keep it in one of the two")
    for name, text in marketing.texts:
        allowed = MARKETING_SLOTS.get(name, frozenset()) | COMMON_SLOTS
        yield from _unknown_slots(document, ("texts", name), slots_of(text), allowed=allowed)


def check_policies(document: Document, texts: PolicyTexts) -> Iterator[Problem]:
    """Yield a slot that nothing fills."""
    for name, text in texts:
        if isinstance(text, str):
            allowed = POLICY_SLOTS.get(name, frozenset()) | COMMON_SLOTS
            yield from _unknown_slots(document, (name,), slots_of(text), allowed=allowed)


def check_welcome(document: Document, welcome: Welcome) -> Iterator[Problem]:
    """Yield scenes and ids that stand twice, and slots that nothing fills."""
    entries = welcome.scenes
    yield from _repeated(document, ((("scenes", n, "id"), entry.id) for n, entry in enumerate(entries)))
    for key in ("scene", "prefix"):
        places = ((("scenes", n, key), getattr(entry, key)) for n, entry in enumerate(entries))
        yield from _repeated(document, ((place, value) for place, value in places if value is not None))
    for place, wording in wordings(welcome):
        yield from _unknown_slots(document, place, wording.slots(), allowed=WELCOME_SLOTS)


def check_tasks(document: Document, tasks: Tasks) -> Iterator[Problem]:
    """Yield signals that stand twice, and slots of the texts that nothing fills."""
    yield from _repeated(document, ((("signals", n, "id"), signal.id) for n, signal in enumerate(tasks.signals)))
    for name, text in tasks.texts:
        place = ("texts", name)
        yield from _unknown_slots(document, place, slots_of(text), allowed=TASK_SLOTS[name])


def check_retention(document: Document, retention: Retention, tasks: Tasks) -> Iterator[Problem]:
    """Yield classes that stand twice or whose cause no signal has, and slots of the texts that nothing fills."""
    yield from _repeated(document, ((("classes", n, "id"), each.id) for n, each in enumerate(retention.classes)))
    known = {signal.id for signal in tasks.signals}
    for n, each in enumerate(retention.classes):
        for cause in sorted(set(each.causes) - known):
            what = f"no signal in tasks.yaml is called `{cause}`"
            yield document.problem(("classes", n, "causes"), what, "name one of " + ", ".join(sorted(known)))
    for name, text in retention.texts:
        allowed = PRIVACY_SLOTS.get(name, frozenset()) | COMMON_SLOTS
        yield from _unknown_slots(document, ("texts", name), slots_of(text), allowed=allowed)


def check_handover(document: Document, handover: Handover) -> Iterator[Problem]:
    """Yield slots of the texts that nothing fills."""
    for side, texts in (("customer", handover.customer), ("staff", handover.staff)):
        common = COMMON_SLOTS if side == "customer" else frozenset()
        for name, text in texts:
            allowed = HANDOVER_SLOTS.get(name, frozenset()) | common
            if isinstance(text, str):
                yield from _unknown_slots(document, (side, name), slots_of(text), allowed=allowed)


def check_menu(document: Document, menu: Menu, answers: Answers) -> Iterator[Problem]:
    """Yield keys that stand twice or have no reply, replies that name no answer, and slots that nothing fills."""
    ids = {rule.id for rule in answers.rules}
    yield from _repeated(document, menu.tapped())
    for place, key in menu.tapped():
        if key not in menu.replies:
            what = f"the button's key `{key}` has no reply"
            yield document.problem(place, what, f"add `{key}:` under `replies`, or correct the key")
    for key, reply in menu.replies.items():
        if reply.answer is not None and reply.answer not in ids:
            mend = "correct it, or add a rule of this id to answers.yaml"
            yield document.problem(("replies", key, "answer"), f"there is no answer `{reply.answer}`", mend)
    for place, wording in wordings(menu):
        yield from _unknown_slots(document, place, wording.slots(), allowed=COMMON_SLOTS)


def check_answers(document: Document, answers: Answers) -> Iterator[Problem]:
    """Yield ids and whole messages that stand twice in a file, and slots that no group of the pattern fills."""
    rules = answers.rules
    yield from _repeated(document, ((("rules", n, "id"), rule.id) for n, rule in enumerate(rules)))
    yield from _repeated_phrases(document, answers)
    for number, rule in enumerate(rules):
        groups = frozenset(compile_pattern(rule.match.pattern).groupindex) if rule.match.pattern else frozenset()
        place = ("rules", number, "reply")
        yield from _unknown_slots(document, place, rule.reply.slots(), allowed=groups | COMMON_SLOTS)


def check_choices(document: Document, model: BaseModel, known: frozenset[str]) -> Iterator[Problem]:
    """Yield the choices in a file's questions that name neither an answer nor a menu reply."""
    for place, wording in wordings(model):
        for number, choice in enumerate(wording.menu.options if wording.menu else ()):
            if choice.id not in known:
                what = f"the choice `{choice.id}` leads nowhere"
                mend = "use the id of an answer or a key of the menu's replies"
                yield document.problem((*place, "menu", "options", number, "id"), what, mend)


def check_reached(document: Document, answers: Answers, *, targets: frozenset[str]) -> Iterator[Problem]:
    """Yield rules without words to match that neither a menu key nor a choice leads to."""
    for number, rule in enumerate(answers.rules):
        match = rule.match
        matched = match.exact or match.any or match.all or match.pattern or rule.questions
        if not matched and rule.id not in targets:
            what = f"nothing leads to the answer `{rule.id}`"
            mend = "add `match` or `questions`, or a choice with this id"
            yield document.problem(("rules", number, "id"), what, mend)


def choice_ids(*models: BaseModel) -> frozenset[str]:
    """Return the ids of all choices in the models' questions."""
    found = (wording for model in models for _, wording in wordings(model))
    return frozenset(choice.id for wording in found if wording.menu for choice in wording.menu.options)


def _repeated_phrases(document: Document, answers: Answers) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for number, rule in enumerate(answers.rules):
        spoken: list[tuple[Place, str]] = [
            *((("rules", number, "match", "exact", n), phrase) for n, phrase in enumerate(rule.match.exact)),
            *((("rules", number, "questions", n), phrase) for n, phrase in enumerate(rule.questions)),
        ]
        for place, phrase in spoken:
            owner = first.setdefault(normalise(phrase), rule.id)
            if owner != rule.id:
                what = f"the answer `{owner}` already takes {phrase!r}"
                yield document.problem(place, what, "keep it in one of the two")


def wordings(model: BaseModel, place: Place = ()) -> Iterator[tuple[Place, Wording]]:
    """Yield every authored reply in a model, with its place in the file."""
    if isinstance(model, Wording):
        yield place, model
        return
    for name, value in model:
        inside: Iterable[tuple[Place, object]] = [((*place, name), value)]
        if isinstance(value, tuple):
            inside = [((*place, name, number), item) for number, item in enumerate(value)]
        elif isinstance(value, dict):
            inside = [((*place, name, key), item) for key, item in value.items()]
        for where, item in inside:
            if isinstance(item, BaseModel):
                yield from wordings(item, where)


def _unknown_slots(
    document: Document, place: Place, slots: frozenset[str], *, allowed: frozenset[str]
) -> Iterator[Problem]:
    for slot in sorted(slots - allowed):
        known = ", ".join(f"{{{name}}}" for name in sorted(allowed))
        yield document.problem(place, f"nothing fills the slot {{{slot}}}", f"use {known} or write the words out")


def _repeated(document: Document, values: Iterable[tuple[Place, str]]) -> Iterator[Problem]:
    first: dict[str, Place] = {}
    for place, value in values:
        earlier = first.setdefault(value, place)
        if earlier != place:
            line = document.lines[earlier]
            yield document.problem(place, f"`{value}` is used a second time (first on line {line})", "choose another")
