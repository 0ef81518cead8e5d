"""Addresses of replies and comments."""

from django.urls import path

from comments import views

urlpatterns = [
    path("articles/<int:article_id>/reply/", views.reply, name="reply"),
    path("articles/<int:article_id>/you/", views.you, name="you"),
    path("comments/<int:comment_id>/", views.permanent, name="comment"),
    path("comments/<int:comment_id>/thread/", views.thread, name="thread"),
    path("comments/<int:comment_id>/status/<str:token>/", views.status, name="comment-status"),
]
