"""Whatever changes what a public page shows gives that page another ETag, else caches would keep the old one."""

from __future__ import annotations

import datetime as dt
import io

import pytest
from django.core.files.base import ContentFile
from django.db.models import F
from django.test import Client
from django.utils import timezone
from PIL import Image

from articles import pictures, publishing, writing
from articles.models.article import Article
from articles.models.pictures import Picture
from articles.records import ArticleRecord, Origin
from comments import listeners
from comments.authors import author_edits, confirmation
from comments.desk import teamwork
from comments.discussion.counting import recount
from comments.models import Comment, EmailConfirmation
from comments.moderation import batches, moderator_edits
from comments.moderation.decisions import decide
from comments.moderation.erasing import erase
from comments.objections import appeals, reports
from comments.posting.importing import CommentRecord, admit
from comments.posting.rerendering import rerender
from comments.posting.submission import post_comment
from comments.screening import article_settings, surge
from newsreader.accounts.events import PictureKept
from newsreader.transfer.load import load
from newsreader.transfer.report import Report
from tests.articles.newsroom.test_article_admin import form
from tests.factories import (
    make_article,
    make_author,
    make_comment,
    make_draft,
    make_editor,
    make_moderator,
    make_section,
    make_tag,
    make_user,
    set_rules,
)

pytestmark = pytest.mark.django_db
OPERATIONS = []


def operation(function):
    """Each prepares something, yields the address of a page that shows it, and then changes it."""
    OPERATIONS.append(function)
    return function


@pytest.mark.parametrize("change", OPERATIONS, ids=lambda function: function.__name__)
def test_a_page_whose_content_changes_gets_another_etag(change, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    reader, steps = Client(), change()
    address = next(steps)
    before = reader.get(address)
    assert reader.get(address)["ETag"] == before["ETag"]

    next(steps, None)

    after = reader.get(address)
    assert after["ETag"] != before["ETag"]
    assert after.content != before.content


def by_form(address, **changed):
    """Send a form of the admin as an editor does who types these fields over."""
    client = Client()
    client.force_login(make_editor())
    assert client.post(address, form(client, address, **changed)).status_code == 302


def a_picture(width=700):
    file = io.BytesIO()
    Image.new("RGB", (width, 300)).save(file, "PNG")
    return ContentFile(file.getvalue(), "mole.png")


# --- Comments -----------------------------------------------------------------------------------------------------


@operation
def a_reply_is_published_at_once():
    set_rules(hold_first_comment=False)
    article = make_article()
    yield article.get_absolute_url()
    post_comment(make_draft(article))


@operation
def a_comment_is_approved():
    comment = make_comment(status="pending")
    yield comment.article.get_absolute_url()
    decide(comment.pk, "approved", by=make_moderator())


@operation
def a_comment_is_removed():
    comment = make_comment()
    yield comment.article.get_absolute_url()
    decide(comment.pk, "spam", by=make_moderator())


@operation
def many_comments_are_removed():
    comment = make_comment()
    yield comment.article.get_absolute_url()
    batches.decide_batch(Comment.objects.all(), "trash", by=make_moderator(), reason="off_topic")


@operation
def a_batch_is_undone():
    comment, moderator = make_comment(), make_moderator()
    batch = batches.decide_batch(Comment.objects.all(), "trash", by=moderator, reason="off_topic")
    yield comment.article.get_absolute_url()
    batches.undo(batch.pk, by=moderator, rows=Comment.objects.all())


@operation
def an_author_edits_a_comment():
    comment = make_comment()
    yield comment.article.get_absolute_url()
    author_edits.edit_comment(comment.pk, "Another thought of mine.", token=comment.status_token)


@operation
def an_author_withdraws_a_comment():
    comment = make_comment()
    yield comment.article.get_absolute_url()
    author_edits.withdraw_comment(comment.pk, token=comment.status_token)


@operation
def a_moderator_revises_a_comment():
    comment = make_comment()
    yield comment.article.get_absolute_url()
    moderator_edits.revise(comment.pk, "Another thought.", by=make_moderator())


@operation
def a_revision_is_taken_back():
    comment, moderator = make_comment(), make_moderator()
    revision = moderator_edits.revise(comment.pk, "Another thought.", by=moderator)
    yield comment.article.get_absolute_url()
    moderator_edits.take_back(revision.pk, by=moderator)


@operation
def a_comment_is_erased():
    comment = make_comment()
    yield comment.article.get_absolute_url()
    erase(comment.pk, by=make_editor())


@operation
def a_removed_comment_that_was_answered_is_erased():
    reply = make_comment(parent=make_comment(name="Adalbert"))
    yield reply.article.get_absolute_url()
    erase(reply.parent_id, by=make_editor())


@operation
def a_comment_is_picked():
    comment = make_comment()
    yield comment.article.get_absolute_url()
    teamwork.pick(comment.pk, on=True, by=make_editor())


@operation
def a_pick_is_taken_off():
    comment = make_comment()
    teamwork.pick(comment.pk, on=True, by=make_editor())
    yield comment.article.get_absolute_url()
    teamwork.pick(comment.pk, on=False, by=make_editor())


@operation
def an_authors_picture_arrives():
    comment = make_comment(user=make_user())
    yield comment.article.get_absolute_url()
    listeners.show_picture(PictureKept(comment.identity_id, "avatars/x.webp"))


@operation
def enough_reports_hold_a_comment():
    set_rules(flags_hold=1, flags_networks=0, flags_accounts=0)
    comment = make_comment()
    yield comment.article.get_absolute_url()
    reports.report(comment.pk, reason="spam", visitor=reports.Reporter(address="192.0.2.77"))


@operation
def an_appeal_is_granted():
    comment = make_comment()
    decide(comment.pk, "trash", by=make_moderator(), reason="off_topic")
    appeal = appeals.appeal(comment.pk, "It was meant kindly.", token=comment.status_token)
    yield comment.article.get_absolute_url()
    appeals.settle_appeal(appeal.pk, grant=True, by=make_moderator())


@operation
def an_address_is_confirmed():
    comment = post_comment(make_draft())
    proof = EmailConfirmation.objects.get(comment=comment)
    yield comment.article.get_absolute_url()
    assert confirmation.confirm(proof) == [comment.pk]


@operation
def comments_are_imported():
    origin = Origin("https://old.example/", "post", "7")
    article = make_article(origin_site=origin.site, origin_type=origin.type, origin_id=origin.id)
    yield article.get_absolute_url()
    comment = Origin(origin.site, "comment", "1")
    admit([CommentRecord(origin=comment, article=origin, status="approved", name="Ada", body="Well.")])


@operation
def counts_are_mended():
    comment = make_comment()
    Article.objects.update(comment_count=F("comment_count") + 7)
    yield comment.article.get_absolute_url()
    assert recount() == 1


@operation
def comments_are_rendered_anew():
    comment = make_comment(text="A *thought*.")
    Comment.objects.update(html="<p>A thought.</p>", renderer=0)
    yield comment.article.get_absolute_url()
    list(rerender())


@operation
def a_discussion_gets_settings_of_its_own():
    article = make_article()
    yield article.get_absolute_url()
    article_settings.change(article.pk, by=make_moderator(), slow_seconds=60)


@operation
def a_surge_begins():
    set_rules(surge_from=1)
    comment = make_comment()
    yield comment.article.get_absolute_url()
    assert surge.watch() == 1


@operation
def the_order_of_comments_is_another():
    article = make_article()
    make_comment(article)
    make_comment(article)
    yield article.get_absolute_url()
    by_form("/admin/comments/commentsettings/1/change/", order="newest")


@operation
def fewer_levels_are_shown():
    reply = make_comment(parent=make_comment(parent=make_comment()))
    yield reply.article.get_absolute_url()
    by_form("/admin/comments/commentsettings/1/change/", levels_shown=1)


@operation
def guests_may_not_reply_any_more():
    article = make_article()
    yield article.get_absolute_url()
    by_form("/admin/comments/commentsettings/1/change/", registration_required="on")


# --- Articles and what stands around them -------------------------------------------------------------------------


@operation
def an_article_is_published():
    article = make_article(state="draft")
    yield "/"
    publishing.publish(article.pk)


@operation
def a_scheduled_article_is_published():
    make_article(state="scheduled", scheduled_for=timezone.now() - dt.timedelta(minutes=1))
    yield "/"
    assert publishing.publish_due() == 1


@operation
def an_article_is_withdrawn():
    article = make_article()
    yield "/"
    publishing.withdraw(article.pk)


@operation
def a_withdrawn_page_leaves_the_foot():
    page, article = make_article(kind="page", headline="Imprint"), make_article()
    yield article.get_absolute_url()
    publishing.withdraw(page.pk)


@operation
def an_article_is_written_anew():
    article = make_article()
    yield article.get_absolute_url()
    writing.write({"headline": "Ferry stays in dock"}, by=make_editor(), article=article)


@operation
def an_article_is_changed_by_its_form():
    article = make_article()
    yield article.get_absolute_url()
    by_form(f"/admin/articles/article/{article.pk}/change/", standfirst="After ten weeks in dock.")


@operation
def an_article_gets_another_author():
    article, author = make_article(authors=[make_author()]), make_author()
    yield article.get_absolute_url()
    writing.write({"authors": [author]}, by=make_editor(), article=article)


@operation
def a_discussion_is_closed():
    article = make_article()
    yield article.get_absolute_url()
    publishing.take_comments(article.pk, False)


@operation
def a_page_of_the_foot_is_renamed():
    page, article = make_article(kind="page", headline="Imprint"), make_article()
    yield article.get_absolute_url()
    by_form(f"/admin/articles/article/{page.pk}/change/", headline="Who we are")


@operation
def a_section_is_renamed():
    article = make_article(section=make_section())
    yield article.get_absolute_url()
    by_form(f"/admin/articles/section/{article.section_id}/change/", name="Harbour")


@operation
def an_author_is_renamed():
    author = make_author()
    article = make_article(authors=[author])
    yield article.get_absolute_url()
    by_form(f"/admin/articles/author/{author.pk}/change/", name="A. Lind")


@operation
def a_tag_is_renamed():
    tag, article = make_tag(), make_article()
    article.tags.add(tag)
    yield article.get_absolute_url()
    by_form(f"/admin/articles/tag/{tag.pk}/change/", name="Harbour")


@operation
def a_tag_is_deleted():
    tag, article = make_tag(), make_article()
    article.tags.add(tag)
    yield article.get_absolute_url()
    client = Client()
    client.force_login(make_editor())
    client.post(f"/admin/articles/tag/{tag.pk}/delete/", {"post": "yes"})


@operation
def the_site_gets_another_colour():
    yield make_article().get_absolute_url()
    by_form("/admin/articles/site/1/change/", colour="plum")


@operation
def the_site_gets_a_logo():
    yield make_article().get_absolute_url()
    by_form("/admin/articles/site/1/change/", logo=a_picture())


@operation
def the_site_s_logo_is_removed():
    article = make_article()
    by_form("/admin/articles/site/1/change/", logo=a_picture())
    yield article.get_absolute_url()
    by_form("/admin/articles/site/1/change/", logo=None, **{"logo-clear": "on"})


@operation
def the_site_is_renamed():
    yield "/"
    by_form("/admin/articles/site/1/change/", name="The Lantern")


@operation
def the_menu_gets_another_line():
    yield "/"
    line = {"place": "menu", "position": 0, "label": "Weather", "address": "/weather/"}
    cells = {f"menu_items-0-{name}": value for name, value in line.items()}
    by_form("/admin/articles/site/1/change/", **{"menu_items-TOTAL_FORMS": 1}, **cells)


@operation
def a_picture_gets_another_caption():
    article = make_article(lead_picture=Picture.objects.create(file=a_picture(), alternative_text="x"))
    yield article.get_absolute_url()
    by_form(f"/admin/articles/picture/{article.lead_picture_id}/change/", caption="The mole", file=None)


@operation
def a_picture_is_there_in_other_sizes():
    picture = Picture.objects.create(file=a_picture(), alternative_text="x")
    article = make_article(lead_picture=picture)
    yield article.get_absolute_url()
    pictures.make_copies.call(picture.pk)


@operation
def articles_are_imported():
    make_article()
    yield "/"
    origin = Origin("https://old.example/", "post", "7")
    at = timezone.now() - dt.timedelta(minutes=1)
    load([ArticleRecord(origin, "article", "From the old site", "old", "published", published_at=at)], Report())
