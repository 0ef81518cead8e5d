"""Addresses of replies and comments."""

from django.urls import path, re_path

from comments import (
    ban_page,
    confirm_page,
    feeds,
    mail_link_page,
    mine,
    reports_page,
    status_page,
    transparency_page,
    views,
    ways,
)

urlpatterns = [
    path("articles/<int:article_id>/reply/", views.reply, name="reply"),
    path("articles/<int:article_id>/reply/back/", ways.came_back, name="came-back"),
    path("articles/<int:article_id>/reply/with/<slug:way>/", ways.step, name="way"),
    path("articles/<int:article_id>/you/", views.you, name="you"),
    path("accounts/comments/", mine.my_comments, name="my_comments"),
    path("accounts/comments/claim/", mine.claim_comments, name="claim_comments"),
    path("comments/feed/", feeds.site, name="comments-feed"),
    path("comments/feed/<slug:form>/", feeds.site),
    path("comments/<int:comment_id>/", views.permanent, name="comment"),
    path("comments/<int:comment_id>/thread/", views.thread, name="thread"),
    path("comments/<int:comment_id>/flag/", reports_page.flag, name="flag"),
    path("reports/<int:report_id>/<str:token>/", reports_page.receipt, name="report"),
    path("bans/<int:ban_id>/<str:token>/", ban_page.page, name="ban"),
    path("comments/<int:comment_id>/confirm/<str:token>/", confirm_page.confirm_address, name="confirm-address"),
    path("moderation/link/<str:token>/", mail_link_page.mail_link, name="mail-link"),
    path("transparency/", transparency_page.page, name="transparency"),
    re_path(
        r"^transparency/(?P<month>[0-9]{4}-[0-9]{2})\.(?P<form>json|csv)$",
        transparency_page.month,
        name="transparency-month",
    ),
    path("comments/<int:comment_id>/status/<str:token>/", status_page.status, name="comment-status"),
]
