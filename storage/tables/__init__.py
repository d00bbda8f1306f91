"""The tables, a module a family. Repositories write set-based statements on the `Table`s below."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, MetaData, Table, literal_column
from sqlmodel import SQLModel

from storage.tables import (
    accounts,
    benefits,
    callbacks,
    contents,
    delivery,
    erasure,
    facts,
    handover,
    idempotency,
    log,
    operation,
    organisation,
    people,
    policies,
    pull,
    search,
    sync,
    tasks,
    work,
)

METADATA: MetaData = SQLModel.metadata


def _table(model: type[SQLModel]) -> Table:
    return METADATA.tables[str(model.__tablename__)]


ACCOUNT = _table(accounts.Account)
CUSTOMER = _table(people.Customer)
IDENTITY = _table(people.Identity)
CUSTOMER_MERGE = _table(people.CustomerMerge)
REACH = _table(people.Reach)
CONSENT_ENTRY = _table(people.ConsentEntry)
MARKETING_CHOICE = _table(people.MarketingChoiceEntry)
ATTRIBUTION = _table(people.Attribution)
STAFF = _table(people.Staff)
MESSAGE = _table(log.Message)
CONTENT = _table(log.Content)
MESSAGE_KEY = _table(log.MessageKey)
CONVERSATION = _table(log.Conversation)
SEAL = _table(log.Seal)
WORK = _table(work.Work)
REPLY = _table(work.Reply)
DELIVERY = _table(delivery.Delivery)
DELIVERY_ATTEMPT = _table(delivery.DeliveryAttempt)
ACCESS_TOKEN = _table(operation.AccessToken)
LEADER = _table(operation.Leader)
BRANCH = _table(organisation.Branch)
TEAM = _table(organisation.Team)
DEPUTY = _table(organisation.Deputy)
CUSTOMER_OWNER = _table(organisation.CustomerOwner)
CREDENTIAL = _table(organisation.Credential)
CONSOLE_SESSION = _table(organisation.ConsoleSession)
API_KEY = _table(organisation.ApiKey)
AUDIT_ENTRY = _table(organisation.AuditEntry)
CURSOR = _table(organisation.Cursor)
SEARCH_BLOCK = _table(search.SearchBlock)
SEARCH_POSTING = _table(search.SearchPosting)
IDEMPOTENCY = _table(idempotency.Idempotency)
TASK = _table(tasks.Task)
TASK_EVIDENCE = _table(tasks.TaskEvidence)
SYNC_RUN = _table(sync.SyncRun)
SYNC_DIFFERENCE = _table(sync.SyncDifference)
STAGED_FOLLOWER = _table(sync.StagedFollower)
STAGED_TAG = _table(sync.StagedTag)
STAGED_TAGGED = _table(sync.StagedTagged)
FOLLOWER = _table(sync.Follower)
TAG = _table(sync.Tag)
IDENTITY_TAG = _table(sync.IdentityTag)
DEPARTMENT = _table(sync.Department)
LEAVE_NOTICE = _table(sync.LeaveNotice)
ERASURE = _table(erasure.Erasure)
ERASED_IDENTITY = _table(erasure.ErasedIdentity)
FROZEN_CONTENT = _table(erasure.FrozenContent)
LEGAL_HOLD = _table(erasure.LegalHold)
EXPORT_LINK = _table(erasure.ExportLink)
POLICY_BINDING = _table(policies.PolicyBinding)
POLICY_CHECK = _table(policies.PolicyCheck)
POLICY_TRY = _table(policies.PolicyTry)
POLICY_DROP = _table(policies.PolicyDrop)
DROPPED_HOLDER = _table(policies.DroppedHolder)
DROPPED_POLICY = _table(policies.DroppedPolicy)
DROPPED_CASE = _table(policies.DroppedCase)
HANDOVER = _table(handover.Handover)
HANDOVER_OFFER = _table(handover.HandoverOffer)
HANDOVER_HOLD = _table(handover.HandoverHold)
HANDOVER_REPLY = _table(handover.HandoverReply)
HANDOVER_COPY = _table(handover.HandoverCopy)
DUTY = _table(handover.Duty)
PULL = _table(pull.Pull)
CALLBACK = _table(callbacks.Callback)
CALLBACK_ANSWER = _table(callbacks.CallbackAnswer)
FACT = _table(facts.Fact)
FACT_CURRENT = _table(facts.FactCurrent)
FACT_LIST = _table(facts.FactList)
SEGMENT_VERSION = _table(facts.SegmentVersion)
CONTENT_ITEM = _table(contents.ContentItem)
CONTENT_VERSION = _table(contents.ContentVersion)
CONTENT_STOP = _table(contents.ContentStop)
CONTENT_PICTURE = _table(contents.ContentPicture)
BENEFIT = _table(benefits.Benefit)
BENEFIT_UNIT = _table(benefits.BenefitUnit)


_ACCOUNT_OF_WORK: ColumnElement[Any] = WORK.c.account_id.op("+")(literal_column("0"))


def waits_in(account_id: Any) -> ColumnElement[bool]:
    """Return the condition that work is an account's, written so that SQLite finds waiting work by its people.

    Without `+ 0` it prefers to walk the whole account by primary key to using the partial index (46 µs a message of
    it at 12,000 rows, growing with the log).
    """
    condition: ColumnElement[bool] = account_id == _ACCOUNT_OF_WORK
    return condition


def waits_in_any(account_ids: Sequence[Any]) -> ColumnElement[bool]:
    """Return the condition that work is of one of the accounts, written as `waits_in` is."""
    condition: ColumnElement[bool] = _ACCOUNT_OF_WORK.in_(account_ids)
    return condition
