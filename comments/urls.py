"""Addresses of replies and comments."""

from django.urls import path, re_path

from comments.authors import confirmation_views, follow_views, mail_views, my_comments, status_views
from comments.desk import mail_link_views
from comments.discussion import feeds
from comments.objections import ban_views, report_views, transparency_views
from comments.posting import sign_in_steps, views

urlpatterns = [
    # First what each reader's browser asks for: an address is compared with all that stand before it.
    path("articles/<int:article_id>/you/", views.you, name="you"),
    path("comments/<int:comment_id>/", views.permanent, name="comment"),
    path("articles/<int:article_id>/reply/", views.reply, name="reply"),
    path("articles/<int:article_id>/reply/back/", sign_in_steps.came_back, name="came-back"),
    path("articles/<int:article_id>/reply/with/<slug:way>/", sign_in_steps.step, name="way"),
    path("accounts/comments/", my_comments.my_comments, name="my_comments"),
    path("accounts/comments/claim/", my_comments.claim_comments, name="claim_comments"),
    path("accounts/comments/seen/", my_comments.seen, name="seen_comments"),
    path("accounts/mail/", mail_views.my_mail, name="my_mail"),
    path("mail/<str:token>/", mail_views.mail, name="mail"),
    path("follow/<slug:scope>/<int:pk>/", follow_views.follow, name="follow"),
    path("comments/feed/", feeds.site, name="comments-feed"),
    path("comments/feed/<slug:form>/", feeds.site),
    path("comments/<int:comment_id>/thread/", views.thread, name="thread"),
    path("comments/<int:comment_id>/flag/", report_views.flag, name="flag"),
    path("reports/<int:report_id>/<str:token>/", report_views.receipt, name="report"),
    path("bans/<int:ban_id>/<str:token>/", ban_views.page, name="ban"),
    path("comments/<int:comment_id>/confirm/<str:token>/", confirmation_views.confirm_address, name="confirm-address"),
    path("moderation/link/<str:token>/", mail_link_views.mail_link, name="mail-link"),
    path("transparency/", transparency_views.page, name="transparency"),
    re_path(
        r"^transparency/(?P<month>[0-9]{4}-[0-9]{2})\.(?P<form>json|csv)$",
        transparency_views.month,
        name="transparency-month",
    ),
    path("comments/<int:comment_id>/status/<str:token>/", status_views.status, name="comment-status"),
]
