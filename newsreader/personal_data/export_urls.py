"""Addresses of the pages where people have their data."""

from django.urls import path

from newsreader.accounts.reauthentication import confirmed
from newsreader.personal_data import export_views

urlpatterns = [
    path("accounts/my-data/", confirmed(export_views.my_data, only={"POST"}), name="my_data"),
    path("my-data/", export_views.ask_for_link, name="my_data_ask"),
    path("my-data/<str:token>/", export_views.by_link, name="my_data_link"),
]
