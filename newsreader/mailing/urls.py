"""Addresses behind links in mails, and where a provider tells what became of them."""

from django.urls import path

from newsreader.mailing import views

urlpatterns = [
    path("mail/<str:token>/not-me/", views.not_me, name="not-me"),
    path("mail-events/<slug:provider>/", views.events, name="mail-events"),
]
