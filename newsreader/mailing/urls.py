"""Addresses behind links in mails."""

from django.urls import path

from newsreader.mailing import views

urlpatterns = [path("mail/<str:token>/not-me/", views.not_me, name="not-me")]
