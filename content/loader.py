"""Loads what people author: the built-in files, and over them those of the data folder."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from pydantic import BaseModel

from content import benefit_checks, callback_checks, checks, elder_checks
from content.answers import Answers, Rule
from content.audience import AUDIENCE_FILES, load_audience
from content.benefits import Benefits
from content.callback import Callback
from content.consent_words import ConsentWords
from content.document import Document, read_document
from content.elder import Elder
from content.errors import ContentError, Problem
from content.handover import Handover
from content.marketing import Marketing
from content.menu import Menu
from content.notice import Notice
from content.policy_texts import PolicyTexts
from content.precheck_rules import Precheck, check_precheck
from content.retention import Retention
from content.signals import Tasks
from content.texts import Texts
from content.tree import Content
from content.validation import validate
from content.value import value
from content.welcome import Welcome

M = TypeVar("M", bound=BaseModel)

#: Where the built-in content lies.
BUILT_IN: Final = Path(__file__).parent / "zh"
#: The files that are read, in the built-in folder and in `$ZHIKE_HOME/content`.
FILES: Final = (
    "texts.yaml",
    "welcome.yaml",
    "menu.yaml",
    "answers.yaml",
    "consent.yaml",
    "notice.yaml",
    "marketing.yaml",
    "policies.yaml",
    "callback.yaml",
    "benefits.yaml",
    "tasks.yaml",
    "retention.yaml",
    "handover.yaml",
    "elder.yaml",
    *AUDIENCE_FILES,
    "precheck.yaml",
)


@value
class _Loaded(Generic[M]):
    """A file and the model that was made of it."""

    document: Document
    model: M


def load_content(home: Path | None) -> Content:
    """Return the content: each built-in file, or the one of the same name in `home`/content in its place.

    Answers of one's own come before the built-in ones instead of replacing them, unless the file says `builtin: drop`.
    Raises ContentError with every problem found.
    """
    own = None if home is None else home / "content"
    problems = list(_unread_files(own))
    with _collecting(problems):
        texts = _load(own, "texts.yaml", Texts)
    with _collecting(problems):
        welcome = _load(own, "welcome.yaml", Welcome)
    with _collecting(problems):
        menu = _load(own, "menu.yaml", Menu)
    with _collecting(problems):
        words = _load(own, "consent.yaml", ConsentWords)
    with _collecting(problems):
        notice = _load(own, "notice.yaml", Notice)
    with _collecting(problems):
        marketing = _load(own, "marketing.yaml", Marketing)
    with _collecting(problems):
        tasks = _load(own, "tasks.yaml", Tasks)
    with _collecting(problems):
        policies = _load(own, "policies.yaml", PolicyTexts)
    with _collecting(problems):
        callback = _load(own, "callback.yaml", Callback)
    with _collecting(problems):
        benefits = _load(own, "benefits.yaml", Benefits)
    with _collecting(problems):
        retention = _load(own, "retention.yaml", Retention)
    with _collecting(problems):
        handover = _load(own, "handover.yaml", Handover)
    with _collecting(problems):
        elder = _load(own, "elder.yaml", Elder)
    with _collecting(problems):
        audience = load_audience(home)
    with _collecting(problems):
        precheck = _load(own, "precheck.yaml", Precheck)
    with _collecting(problems):
        answers = _load_answers(own)
    if problems:
        raise ContentError(problems)
    merged = _merge([loaded.model for loaded in answers])
    problems += checks.check_texts(texts.document, texts.model)
    problems += checks.check_welcome(welcome.document, welcome.model)
    problems += checks.check_menu(menu.document, menu.model, merged)
    problems += checks.check_notice(notice.document, notice.model)
    problems += checks.check_marketing(marketing.document, marketing.model, words.model, notice.model)
    problems += checks.check_tasks(tasks.document, tasks.model)
    problems += checks.check_policies(policies.document, policies.model)
    problems += callback_checks.check_callback(callback.document, callback.model)
    problems += benefit_checks.check_benefits(benefits.document, benefits.model)
    problems += checks.check_retention(retention.document, retention.model, tasks.model)
    problems += checks.check_handover(handover.document, handover.model)
    problems += check_precheck(precheck.document, precheck.model)
    problems += _check_answers(answers, welcome, menu)
    shortened: dict[str, _Loaded[Any]] = {
        "texts": texts,
        "notice": notice,
        "marketing": marketing,
        "policies": policies,
        "retention": retention,
        "handover": handover,
        "tasks": tasks,
    }
    problems += _check_elder(elder, shortened, [welcome, menu, *answers], marketing.model)
    if problems:
        raise ContentError(problems)
    documents = [
        texts.document,
        welcome.document,
        menu.document,
        words.document,
        notice.document,
        marketing.document,
        policies.document,
        callback.document,
        benefits.document,
        tasks.document,
        retention.document,
        handover.document,
        elder.document,
        *audience.documents,
        precheck.document,
    ]
    return Content(
        texts=texts.model,
        welcome=welcome.model,
        menu=menu.model,
        answers=merged,
        consent_words=words.model,
        notice=notice.model,
        marketing=marketing.model,
        tasks=tasks.model,
        retention=retention.model,
        policies=policies.model,
        callback=callback.model,
        benefits=benefits.model,
        handover=handover.model,
        elder=elder.model,
        audience=audience,
        precheck=precheck.model,
        shorts=_pair_shorts(elder, shortened),
        version=_version([*documents, *(loaded.document for loaded in answers)]),
    )


def load_precheck(home: Path | None) -> tuple[Precheck, str]:
    """Return the rules of the machine's check alone, and the version of their file. Raises ContentError."""
    loaded = _load(None if home is None else home / "content", "precheck.yaml", Precheck)
    problems = tuple(check_precheck(loaded.document, loaded.model))
    if problems:
        raise ContentError(problems)
    return loaded.model, _version([loaded.document])


@contextmanager
def _collecting(problems: list[Problem]) -> Iterator[None]:
    """Take a file's problems down and go on, so that an author sees those of all files at once."""
    try:
        yield
    except ContentError as error:
        problems += error.problems


def _unread_files(own: Path | None) -> Iterator[Problem]:
    """Yield the files that nobody would read: a misspelt name must not look like content in use."""
    for path in sorted(own.glob("*.y*ml")) if own else ():
        if path.name not in FILES:
            mend = "name it one of " + ", ".join(FILES) + ", or move it elsewhere"
            yield Problem(path=path, line=1, what="no file of this name is read", mend=mend)


def _load(own: Path | None, name: str, model: type[M]) -> _Loaded[M]:
    path = own / name if own and (own / name).exists() else BUILT_IN / name
    return _read(path, model)


def _read(path: Path, model: type[M]) -> _Loaded[M]:
    document = read_document(path)
    return _Loaded(document=document, model=validate(document, model))


def _load_answers(own: Path | None) -> list[_Loaded[Answers]]:
    """Return the answers' files in the order in which they count."""
    built_in = BUILT_IN / "answers.yaml"
    if own is None or not (own / "answers.yaml").exists():
        return [_read(built_in, Answers)]
    first = _read(own / "answers.yaml", Answers)
    return [first] if first.model.builtin == "drop" else [first, _read(built_in, Answers)]


def _merge(files: Iterable[Answers]) -> Answers:
    """Return the rules of all files in order; of two with one id the first stays."""
    rules: dict[str, Rule] = {}
    for answers in files:
        for rule in answers.rules:
            rules.setdefault(rule.id, rule)
    return Answers(rules=tuple(rules.values()))


def _check_answers(
    answers: list[_Loaded[Answers]], welcome: _Loaded[Welcome], menu: _Loaded[Menu]
) -> Iterator[Problem]:
    models: list[BaseModel] = [loaded.model for loaded in answers]
    ids = frozenset(rule.id for loaded in answers for rule in loaded.model.rules)
    keys = frozenset(menu.model.replies)
    named = frozenset(reply.answer for reply in menu.model.replies.values() if reply.answer is not None)
    targets = named | checks.choice_ids(welcome.model, menu.model, *models)
    for loaded in answers:
        yield from checks.check_answers(loaded.document, loaded.model)
        yield from checks.check_choices(loaded.document, loaded.model, ids | keys)
        yield from checks.check_reached(loaded.document, loaded.model, targets=targets)
    yield from checks.check_choices(welcome.document, welcome.model, ids | keys)
    yield from checks.check_choices(menu.document, menu.model, ids | keys)


def _check_elder(
    elder: _Loaded[Elder],
    shortened: Mapping[str, _Loaded[Any]],
    replies: Iterable[_Loaded[Any]],
    marketing: Marketing,
) -> Iterator[Problem]:
    sections = {section: _sentences(loaded.model) for section, loaded in shortened.items()}
    yield from elder_checks.check_elder(elder.document, elder.model, sections, marketing)
    for loaded in replies:
        for place, wording in checks.wordings(loaded.model):
            yield from elder_checks.check_short(loaded.document, place, wording, elder.model)


def _pair_shorts(elder: _Loaded[Elder], shortened: Mapping[str, _Loaded[Any]]) -> dict[str, str]:
    """Return the short forms that count: those of a file that is not the one they were written for must match it."""
    files = {section: _sentences(loaded.model) for section, loaded in shortened.items()}
    originals = files
    if elder.document.path.parent == BUILT_IN:
        originals = {
            section: files[section]
            if loaded.document.path.parent == BUILT_IN
            else _sentences(_read(BUILT_IN / loaded.document.path.name, type(loaded.model)).model)
            for section, loaded in shortened.items()
        }
    return elder_checks.pair_shorts(elder.model, files, originals)


def _sentences(model: BaseModel) -> BaseModel:
    """Return where a file keeps its sentences."""
    if isinstance(model, Retention | Tasks | Marketing):
        return model.texts
    return model


def _version(documents: Iterable[Document]) -> str:
    digest = hashlib.sha256()
    for document in documents:
        for part in (document.path.name.encode(), document.raw):
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()[:12]
