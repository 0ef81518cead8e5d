"""Addresses of the pages for being erased."""

from django.urls import path

from newsreader.accounts.reauthentication import confirmed
from newsreader.personal_data import views

urlpatterns = [
    path("accounts/erase/", confirmed(views.erase_account, only={"POST"}), name="erase_account"),
    path("accounts/erase/cancel/", views.cancel_own, name="erasure_cancel"),
    path("erasure/", views.ask_for_link, name="erasure_ask"),
    path("erasure/<int:request_id>/<str:token>/", views.request_page, name="erasure_request"),
    path("erasure/<str:token>/", views.open_link, name="erasure_link"),
]
