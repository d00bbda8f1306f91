"""Who may do what: the roles of staff, what each permits, and how far each sees. `docs/rights.md` shows the table."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Role(StrEnum):
    """What somebody does for the insurer."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    CAMPAIGN_MANAGER = "campaign_manager"
    REVIEWER = "reviewer"
    COMPLIANCE = "compliance"
    ANALYST = "analyst"
    ADMINISTRATOR = "administrator"


class Scope(StrEnum):
    """How far somebody sees, from the narrowest to the widest."""

    #: The customers they own, and those of whom they are the deputy.
    OWN = "own"
    #: The customers of their team.
    TEAM = "team"
    #: The customers of their branch and of the branches below it.
    BRANCH = "branch"
    ALL = "all"


class Permission(StrEnum):
    """One thing that may be done; a route of the console or the API asks for exactly one."""

    #: See customers of the scope: the list, the card, where they came from.
    CUSTOMERS_READ = "customers.read"
    #: Give customers of the scope to another owner of the scope.
    CUSTOMERS_ASSIGN = "customers.assign"
    #: Read what customers of the scope said and were told, search it.
    CONVERSATIONS_READ = "conversations.read"
    #: See what customers of the scope have insured, as the policy source says.
    POLICIES_READ = "policies.read"
    #: See the facts about customers of the scope, with what shows each.
    FACTS_READ = "facts.read"
    #: Bring in facts about customers of the scope: lists, forms.
    FACTS_WRITE = "facts.write"
    #: See segments; count and sample them over customers of the scope.
    SEGMENTS_READ = "segments.read"
    #: Make, change and take away segments.
    SEGMENTS_WRITE = "segments.write"
    #: See tasks of the scope.
    TASKS_READ = "tasks.read"
    #: Finish tasks of the scope and give them to others of it.
    TASKS_WRITE = "tasks.write"
    #: See handovers of the scope: who waits, who serves, how long it took.
    HANDOVERS_READ = "handovers.read"
    #: Serve customers who ask for a person: be on duty, accept, reply, pass on, close.
    HANDOVERS_SERVE = "handovers.serve"
    #: See content, its versions and what was found in them.
    CONTENTS_READ = "contents.read"
    #: Write content of the scope and ask for its review.
    CONTENTS_WRITE = "contents.write"
    #: Approve and return content of the scope that others wrote.
    CONTENTS_REVIEW = "contents.review"
    #: Stop and withdraw content of the scope; who sees all stops a product.
    CONTENTS_STOP = "contents.stop"
    #: See accounts, tokens, queues, workers, storage, errors.
    OPERATIONS_READ = "operations.read"
    #: See who read and changed what.
    AUDIT_READ = "audit.read"
    #: See branches, teams and staff.
    ORGANISATION_READ = "organisation.read"
    #: Make and end API keys.
    KEYS_WRITE = "keys.write"
    #: See erasures with their reports, and holds.
    PRIVACY_READ = "privacy.read"
    #: Ask for a customer's erasure, hold and release, hand a customer's data out to them.
    PRIVACY_WRITE = "privacy.write"
    #: See the benefits that the branches of the scope own: stock, money, who claimed what.
    BENEFITS_READ = "benefits.read"
    #: Make benefits, put codes in, open and close them, end and exchange what was granted.
    BENEFITS_WRITE = "benefits.write"
    #: Redeem codes and take a redemption back: a supplier's desk.
    BENEFITS_REDEEM = "benefits.redeem"


_P = Permission
#: What each role permits. Campaign managers get more with campaigns.
PERMITTED: Final[Mapping[Role, frozenset[Permission]]] = MappingProxyType(
    {
        Role.AGENT: frozenset(
            {
                _P.CUSTOMERS_READ,
                _P.CONVERSATIONS_READ,
                _P.POLICIES_READ,
                _P.FACTS_READ,
                _P.TASKS_READ,
                _P.TASKS_WRITE,
                _P.HANDOVERS_READ,
                _P.HANDOVERS_SERVE,
            }
        ),
        Role.SUPERVISOR: frozenset(
            {
                _P.CUSTOMERS_READ,
                _P.CUSTOMERS_ASSIGN,
                _P.CONVERSATIONS_READ,
                _P.POLICIES_READ,
                _P.FACTS_READ,
                _P.SEGMENTS_READ,
                _P.TASKS_READ,
                _P.TASKS_WRITE,
                _P.HANDOVERS_READ,
                _P.HANDOVERS_SERVE,
                _P.ORGANISATION_READ,
            }
        ),
        Role.CAMPAIGN_MANAGER: frozenset(
            {
                _P.CUSTOMERS_READ,
                _P.FACTS_READ,
                _P.FACTS_WRITE,
                _P.SEGMENTS_READ,
                _P.SEGMENTS_WRITE,
                _P.ORGANISATION_READ,
                _P.CONTENTS_READ,
                _P.CONTENTS_WRITE,
                _P.CONTENTS_STOP,
                _P.BENEFITS_READ,
                _P.BENEFITS_WRITE,
                _P.BENEFITS_REDEEM,
            }
        ),
        Role.REVIEWER: frozenset({_P.ORGANISATION_READ, _P.CONTENTS_READ, _P.CONTENTS_REVIEW, _P.CONTENTS_STOP}),
        Role.COMPLIANCE: frozenset(
            {
                _P.CUSTOMERS_READ,
                _P.CONVERSATIONS_READ,
                _P.POLICIES_READ,
                _P.FACTS_READ,
                _P.SEGMENTS_READ,
                _P.TASKS_READ,
                _P.TASKS_WRITE,
                _P.AUDIT_READ,
                _P.ORGANISATION_READ,
                _P.PRIVACY_READ,
                _P.PRIVACY_WRITE,
                _P.CONTENTS_READ,
                _P.CONTENTS_REVIEW,
                _P.CONTENTS_STOP,
                _P.BENEFITS_READ,
            }
        ),
        Role.ANALYST: frozenset(
            {
                _P.CUSTOMERS_READ,
                _P.CONVERSATIONS_READ,
                _P.FACTS_READ,
                _P.SEGMENTS_READ,
                _P.ORGANISATION_READ,
                _P.BENEFITS_READ,
            }
        ),
        #: Runs the service; what customers say is none of their business.
        Role.ADMINISTRATOR: frozenset(
            {_P.OPERATIONS_READ, _P.AUDIT_READ, _P.ORGANISATION_READ, _P.KEYS_WRITE, _P.PRIVACY_READ}
        ),
    }
)
#: What a deputy may in the place of somebody whose role permits it, as far as that person sees.
LENT: Final = frozenset({_P.CONTENTS_READ, _P.CONTENTS_REVIEW})
#: How far a role sees when nothing else is said of a person.
USUAL_SCOPE: Final[Mapping[Role, Scope]] = MappingProxyType(
    {
        Role.AGENT: Scope.OWN,
        Role.SUPERVISOR: Scope.TEAM,
        Role.CAMPAIGN_MANAGER: Scope.BRANCH,
        Role.REVIEWER: Scope.BRANCH,
        Role.COMPLIANCE: Scope.ALL,
        Role.ANALYST: Scope.ALL,
        Role.ADMINISTRATOR: Scope.ALL,
    }
)
