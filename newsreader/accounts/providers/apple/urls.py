"""`/accounts/apple/login/`, its callback, to which Apple posts, and the page that reads what was posted."""

from allauth.socialaccount.providers.oauth2.urls import default_urlpatterns
from django.urls import path

from newsreader.accounts.providers.apple.provider import AppleProvider
from newsreader.accounts.providers.apple.views import oauth2_finish_login

urlpatterns = [
    *default_urlpatterns(AppleProvider),
    path("apple/login/callback/finish/", oauth2_finish_login, name="apple_finish_callback"),
]
