"""Addresses of replies and comments."""

from django.urls import path

from comments import confirm_page, feeds, mine, status_page, views, ways

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
    path("comments/<int:comment_id>/confirm/<str:token>/", confirm_page.confirm_address, name="confirm-address"),
    path("comments/<int:comment_id>/status/<str:token>/", status_page.status, name="comment-status"),
]
