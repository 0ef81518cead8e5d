"""`/accounts/apple/login/`, where Apple posts to, and where that is read."""

from allauth.socialaccount.providers.oauth2.urls import default_urlpatterns
from django.urls import path

from newsreader.accounts.providers.apple.provider import AppleProvider
from newsreader.accounts.providers.apple.views import oauth2_finish_login

urlpatterns = [
    *default_urlpatterns(AppleProvider),
    path("apple/login/callback/finish/", oauth2_finish_login, name="apple_finish_callback"),
]
