"""Content on its way through review: who may do what when, what is frozen, and who wins when two come at once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from content.piece import Variant
from handlers.people.rights import Forbidden
from storage.content_drafts import Moved
from storage.errors import StorageError
from tests.fakes.clock import ManualClock
from tests.fakes.newsroom import WORDS, Newsroom, piece
from tests.fakes.stores import OpenStores


async def test_a_second_person_approves_what_the_first_wrote_and_the_audit_names_both(newsroom: Newsroom) -> None:
    item = await newsroom.approved()

    approved = item.approved
    assert approved is not None
    assert (approved.author, approved.reviewer, approved.number) == ("Qian", "Zhou", 1)
    assert approved.expires_at == newsroom.clock.now() + timedelta(days=180)
    assert item.is_sendable(newsroom.clock.now())
    assert await newsroom.deeds() == [
        ("content_created", "Qian", "version 1"),
        ("content_submitted", "Qian", "version 1"),
        ("content_approved", "Zhou", "version 1"),
    ]


async def test_nobody_who_wrote_at_a_version_decides_about_it(newsroom: Newsroom, stores: OpenStores) -> None:
    item = await newsroom.draft()
    # qian also reviews now, and zhou has written at it.
    await stores.change("UPDATE staff SET role = 'campaign_manager' WHERE userid = 'zhou'")
    assert await newsroom.save(item, "祝您生日快乐！", by="zhou") is Moved.DONE
    item = await newsroom.submit(item)
    await stores.change("UPDATE staff SET role = 'reviewer' WHERE userid IN ('zhou', 'qian')")

    for userid in ("qian", "zhou"):
        assert await newsroom.approve(item, by=userid) is Moved.OWN_WORK
        viewer, newest = await newsroom.firm.viewer(userid), item.newest
        returned = await newsroom.rooms.review.give_back(
            viewer, item.id, "不好", number=newest.number, revision=newest.revision
        )
        assert returned is Moved.OWN_WORK
    assert await newsroom.states(item) == ["in_review"]
    assert await newsroom.approve(item, by="wu") is Moved.DONE


async def test_who_asks_for_a_review_and_answers_for_what_was_found_does_not_decide(
    newsroom: Newsroom, stores: OpenStores
) -> None:
    item = await newsroom.draft()
    # wu wrote nothing, and answers for qian's words.
    await stores.change("UPDATE staff SET role = 'campaign_manager', scope = 'all' WHERE userid = 'wu'")
    item = await newsroom.submit(item, by="wu")
    await stores.change("UPDATE staff SET role = 'compliance' WHERE userid = 'wu'")

    wu, newest = await newsroom.firm.viewer("wu"), item.newest
    assert await newsroom.approve(item, by="wu") is Moved.OWN_WORK
    returned = await newsroom.rooms.review.give_back(wu, item.id, "不好", number=1, revision=newest.revision)
    assert returned is Moved.OWN_WORK
    opened = await newsroom.rooms.review.opened(wu, item.id)
    assert opened is not None
    assert opened.is_own
    assert await newsroom.approve(item, by="zhou") is Moved.DONE


async def test_a_deputy_of_a_reviewer_reviews_as_far_as_the_reviewer_sees_and_for_that_time(
    newsroom: Newsroom, clock: ManualClock
) -> None:
    item = await newsroom.submitted()
    organisation = newsroom.firm.organisation
    zhou, zhao = await organisation.find("zhou"), await organisation.find("zhao")
    with pytest.raises(Forbidden):
        await newsroom.approve(item, by="zhao")
    now = clock.now()
    await organisation.appoint(zhou, zhao, since=now, until=now + timedelta(days=1))

    # zhao is an agent of 北京: it is 上海 that they stand in for, and reviewing alone.
    deputy = await newsroom.firm.viewer("zhao")
    assert {str(each) for each in deputy.lent} == {"contents.read", "contents.review"}
    assert [each.key for each, _ in await newsroom.rooms.review.queue(deputy, limit=9)] == ["birthday"]
    with pytest.raises(Forbidden):
        await newsroom.rooms.stopping.stop_item(deputy, item.id, "停")
    assert await newsroom.approve(item, by="zhao") is Moved.DONE
    await clock.advance(timedelta(days=1).total_seconds())
    assert not (await newsroom.firm.viewer("zhao")).lent


async def test_a_deputy_gets_no_more_than_the_branch_of_who_is_away(newsroom: Newsroom, clock: ManualClock) -> None:
    item = await newsroom.submitted()
    organisation, now = newsroom.firm.organisation, clock.now()
    await newsroom.stores.change("UPDATE staff SET role = 'reviewer' WHERE userid = 'zheng'")  # of 北京
    away, deputy = await organisation.find("zheng"), await organisation.find("li")
    await organisation.appoint(away, deputy, since=now, until=now + timedelta(days=1))

    assert await newsroom.rooms.review.queue(await newsroom.firm.viewer("li"), limit=9) == []
    assert await newsroom.approve(item, by="li") is Moved.NOT_THERE


async def test_an_edit_after_approval_is_a_new_draft_and_the_approved_version_stays_until_it_is_replaced(
    newsroom: Newsroom,
) -> None:
    item = await newsroom.approved()
    assert await newsroom.save(item, "生日快乐！") is Moved.DONE
    assert await newsroom.states(item) == ["approved", "draft"]
    item = await newsroom.submit(item)
    assert item.is_sendable(newsroom.clock.now())
    assert item.approved is not None
    assert item.approved.piece.variants["A"].text == WORDS

    assert await newsroom.approve(item) is Moved.DONE
    assert await newsroom.states(item) == ["replaced", "approved"]


async def test_the_database_itself_refuses_other_words_once_they_are_with_the_reviewer(newsroom: Newsroom) -> None:
    for item in (await newsroom.submitted(), await newsroom.approved(piece(key="other"))):
        for change in ("spec = '{}'", "digest = 'x'", "hands = '[]'", "product_key = 'x'"):
            with pytest.raises(StorageError, match="a draft only"):
                await newsroom.stores.change(f"UPDATE content_version SET {change} WHERE item_id = {item.id}")


async def test_of_two_reviewers_at_once_one_wins_and_the_other_is_told(
    newsroom: Newsroom, other_newsroom: Newsroom
) -> None:
    first = await newsroom.approved()
    assert await newsroom.save(first, "生日快乐！") is Moved.DONE
    item = await newsroom.submit(first)

    outcomes = await asyncio.gather(newsroom.approve(item, by="zhou"), other_newsroom.approve(item, by="wu"))

    assert sorted(outcomes) == [Moved.DONE, Moved.LATE]
    assert await newsroom.states(item) == ["replaced", "approved"]
    assert [deed[0] for deed in await newsroom.deeds()].count("content_approved") == 2


async def test_approving_and_returning_at_once_leave_one_decision(newsroom: Newsroom, other_newsroom: Newsroom) -> None:
    item = await newsroom.submitted()
    wu, newest = await newsroom.firm.viewer("wu"), item.newest

    approved, returned = await asyncio.gather(
        newsroom.approve(item),
        other_newsroom.rooms.review.give_back(wu, item.id, "请改", number=newest.number, revision=newest.revision),
    )

    assert {approved, returned} == {Moved.DONE, Moved.LATE}
    assert await newsroom.states(item) == ["approved" if approved is Moved.DONE else "returned"]


async def test_of_two_who_write_at_once_the_second_overwrites_nothing(
    newsroom: Newsroom, other_newsroom: Newsroom
) -> None:
    item = await newsroom.draft()
    outcomes = await asyncio.gather(newsroom.save(item, "一"), other_newsroom.save(item, "二"))
    assert sorted(outcomes) == [Moved.DONE, Moved.LATE]

    approved = await newsroom.approved(piece(key="other"))
    outcomes = await asyncio.gather(newsroom.save(approved, "一"), other_newsroom.save(approved, "二"))
    assert sorted(outcomes) == [Moved.DONE, Moved.LATE]
    assert await newsroom.states(approved) == ["approved", "draft"]


async def test_what_is_in_review_is_not_edited_until_it_is_taken_back(newsroom: Newsroom) -> None:
    item = await newsroom.submitted()
    qian = await newsroom.firm.viewer("qian")
    assert await newsroom.save(item, "别的话") is Moved.LATE

    assert await newsroom.rooms.desk.take_back(qian, item, revision=item.newest.revision) is Moved.DONE
    assert await newsroom.approve(item) is Moved.LATE
    assert await newsroom.save(await newsroom.item(item.id), "别的话") is Moved.DONE


async def test_a_returned_version_says_why_and_is_written_on(newsroom: Newsroom) -> None:
    item = await newsroom.submitted()
    zhou, newest = await newsroom.firm.viewer("zhou"), item.newest
    review = newsroom.rooms.review
    assert await review.give_back(zhou, item.id, " \n", number=1, revision=newest.revision) is Moved.NO_REASON
    for _ in range(2):  # asked for again after a crash
        assert await review.give_back(zhou, item.id, "太长", number=1, revision=newest.revision) is Moved.DONE

    item = await newsroom.item(item.id)
    assert (item.newest.state, item.newest.reason) == ("returned", "太长")
    assert await newsroom.save(item, "生日快乐！") is Moved.DONE
    assert await newsroom.states(item) == ["draft"]


async def test_critical_findings_block_and_the_others_want_a_reason_that_the_reviewer_sees(newsroom: Newsroom) -> None:
    qian = await newsroom.firm.viewer("qian")
    item = await newsroom.draft(piece("保证收益，稳赚不赔。"))
    asked = await newsroom.rooms.desk.submit(qian, item, revision=1, answers={})
    assert asked.moved is Moved.BLOCKED

    assert await newsroom.save(item, "我们的服务排名第一。") is Moved.DONE
    item = await newsroom.item(item.id)
    asked = await newsroom.rooms.desk.submit(qian, item, revision=item.newest.revision, answers={})
    assert (asked.moved, [each.category for each in asked.findings]) == (Moved.UNANSWERED, ["absolute_claim"])
    answers = {each.id: "引自协会 2026 年年报" for each in asked.findings}
    item = await newsroom.submit(item, **answers)

    opened = await newsroom.rooms.review.opened(await newsroom.firm.viewer("zhou"), item.id)
    assert opened is not None
    assert [each.quote for each in opened.findings] == ["排名第一"]
    assert set(opened.version.answers.values()) == {"引自协会 2026 年年报"}
    assert [(each.variant, each.field) for each in opened.changes if each.variant] == [("A", "text")]


async def test_what_todays_rules_block_is_not_approved_however_it_came_into_review(
    newsroom: Newsroom, stores: OpenStores
) -> None:
    item = await newsroom.draft(piece("稳赚不赔"))
    await stores.change("UPDATE content_version SET state = 'in_review' WHERE item_id = :id", id=item.id)
    assert await newsroom.approve(await newsroom.item(item.id)) is Moved.BLOCKED


async def test_content_of_another_branch_is_not_there_and_head_offices_is_read_alone(
    newsroom: Newsroom, stores: OpenStores
) -> None:
    item = await newsroom.submitted()
    await stores.change("UPDATE staff SET role = 'campaign_manager', scope = NULL WHERE userid IN ('zhao', 'wang')")
    for userid in ("zhao", "wang"):  # 北京, and 浦东, which lies below 上海
        viewer = await newsroom.firm.viewer(userid)
        assert await newsroom.rooms.reading.one(viewer, item.id) is None
        assert await newsroom.rooms.reading.page(viewer, limit=9) == []
        assert await newsroom.save(item, "x", by=userid) is Moved.NOT_THERE
        assert await newsroom.rooms.stopping.stop_item(viewer, item.id, "停") is None

    await stores.change("UPDATE content_item SET branch_id = NULL")
    zhao = await newsroom.firm.viewer("zhao")
    assert [each.key for each in await newsroom.rooms.reading.page(zhao, limit=9)] == ["birthday"]
    assert await newsroom.save(item, "x", by="zhao") is Moved.NOT_THERE
    assert await newsroom.approve(item, by="zhou") is Moved.NOT_THERE
    assert await newsroom.approve(item, by="wu") is Moved.DONE


async def test_a_key_is_one_items_and_the_same_wish_again_is_the_same_item(newsroom: Newsroom) -> None:
    item = await newsroom.draft()
    again = await newsroom.draft()
    assert again.id == item.id
    other = piece().model_copy(update={"variants": {"A": Variant(text="别的话")}, "variables": {}})
    moved, _ = await newsroom.rooms.desk.create(await newsroom.firm.viewer("qian"), other)
    assert moved is Moved.KEY_TAKEN


async def test_nothing_is_written_in_nobodys_name(newsroom: Newsroom) -> None:
    nobody = replace(await newsroom.firm.viewer("qian"), staff_id=None)
    with pytest.raises(ValueError, match="member of staff"):
        await newsroom.rooms.desk.create(nobody, piece())
