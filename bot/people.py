"""What console, API and commands share of the people's rooms, built once from the settings."""

from __future__ import annotations

from datetime import timedelta

from bot.benefits import build_benefit_counter, build_benefit_office
from bot.contents import ContentRooms, build_contents
from bot.privacy import build_own_data, build_wishes
from bot.settings import Settings
from bot.staff import Argon2Hasher
from content.audience import Audience, load_audience
from content.marketing import Marketing
from content.tree import Content
from content.value import value
from handlers.benefits.counter import BenefitCounter
from handlers.benefits.office import BenefitOffice
from handlers.clock import Clock
from handlers.facts.lists import ListImport
from handlers.facts.reading import FactReading
from handlers.handover.reading import HandoverReading
from handlers.people.callbacks import CallbackReading
from handlers.people.office import OfficeReading
from handlers.people.policies import PolicyReading
from handlers.people.reading import Reading
from handlers.people.search import Search
from handlers.people.sign_in import SignIn, SignInConfig
from handlers.policies.ports import PolicySource
from handlers.privacy.own_data import OwnData
from handlers.privacy.wishes import Wishes
from handlers.segments.reading import SegmentReading
from handlers.segments.shelf import SegmentShelf
from handlers.tasks.board import TaskBoard
from handlers.tasks.reading import TaskReading
from storage.api_keys import ApiKeys
from storage.audit import Audit
from storage.callback_rounds import CallbackList
from storage.customer_cards import CustomerCards
from storage.database import Database
from storage.fact_lists import FactLists
from storage.facts import FactBook
from storage.handover_list import HandoverList
from storage.handover_talk import HandoverTalk
from storage.organisation import Organisation
from storage.owners import Owners
from storage.policy_bindings import PolicyBindings
from storage.search import MessageSearch
from storage.segment_book import SegmentBook
from storage.segments import SegmentQueries
from storage.sign_ins import Passwords, Sessions
from storage.staff_list import StaffList
from storage.task_evidence import TaskEvidenceList, TaskPhrases
from storage.tasks import Tasks
from storage.timeline import Timeline


@value
class People:
    """Everything about staff, their rights and their reading."""

    organisation: Organisation
    sign_in: SignIn
    reading: Reading
    search: Search
    handovers: HandoverReading
    owners: Owners
    audit: Audit
    office: OfficeReading
    keys: ApiKeys
    wishes: Wishes
    own_data: OwnData
    policies: PolicyReading
    callbacks: CallbackReading
    facts: FactReading
    lists: ListImport
    shelf: SegmentShelf
    segments: SegmentReading
    tasks: TaskReading
    contents: ContentRooms
    board: TaskBoard
    benefits: BenefitOffice
    counter: BenefitCounter
    #: What topics and frequencies of marketing are called; None: by their ids.
    marketing: Marketing | None


def build_people(
    database: Database,
    *,
    clock: Clock,
    settings: Settings,
    source: PolicySource | None = None,
    marketing: Marketing | None = None,
    audience: Audience | None = None,
    content: Content | None = None,
) -> People:
    """Return the rooms over one database; `source`: where policies are looked up.

    `audience`: attributes and segments, and `content`: the rules of the machine's check; both are read from the data
    folder when they are not given. Raises ContentError then.
    """
    console = settings.console
    audience = audience or load_audience(settings.home)
    organisation, audit = Organisation(database), Audit(database)
    shelf = SegmentShelf(SegmentBook(database), files=audience.segments, attributes=audience.attributes, clock=clock)
    return People(
        organisation=organisation,
        sign_in=SignIn(
            passwords=Passwords(database),
            sessions=Sessions(database),
            organisation=organisation,
            audit=audit,
            hasher=Argon2Hasher(),
            clock=clock,
            config=SignInConfig(
                failures=console.failures,
                locked=timedelta(minutes=console.locked_minutes),
                idle=timedelta(minutes=console.idle_minutes),
                longest=timedelta(hours=console.longest_hours),
            ),
        ),
        reading=Reading(cards=CustomerCards(database), timeline=Timeline(database), audit=audit, clock=clock),
        search=Search(search=MessageSearch(database), audit=audit, clock=clock),
        handovers=HandoverReading(
            handovers=HandoverList(database), talk=HandoverTalk(database), audit=audit, clock=clock
        ),
        owners=Owners(database),
        audit=audit,
        office=OfficeReading(staff=StaffList(database), audit=audit, clock=clock),
        keys=ApiKeys(database),
        wishes=build_wishes(database, settings=settings, clock=clock),
        own_data=build_own_data(database, settings=settings, clock=clock),
        policies=PolicyReading(
            cards=CustomerCards(database),
            bindings=PolicyBindings(database),
            source=source,
            audit=audit,
            clock=clock,
        ),
        callbacks=CallbackReading(
            cards=CustomerCards(database), callbacks=CallbackList(database), audit=audit, clock=clock
        ),
        facts=FactReading(
            cards=CustomerCards(database),
            book=FactBook(database),
            attributes=audience.attributes,
            audit=audit,
            clock=clock,
        ),
        shelf=shelf,
        segments=SegmentReading(
            shelf, queries=SegmentQueries(database), cards=CustomerCards(database), audit=audit, clock=clock
        ),
        lists=ListImport(FactLists(database), attributes=audience.attributes, clock=clock),
        tasks=TaskReading(tasks=Tasks(database), evidence=TaskEvidenceList(database), audit=audit, clock=clock),
        board=TaskBoard(tasks=Tasks(database), phrases=TaskPhrases(database), staff=StaffList(database), clock=clock),
        contents=build_contents(database, clock=clock, settings=settings, content=content),
        benefits=build_benefit_office(database, clock=clock),
        counter=build_benefit_counter(database, clock=clock),
        marketing=marketing,
    )
