"""`/accounts/twitter_oauth2/login/` and its callback."""

from allauth.socialaccount.providers.oauth2.urls import default_urlpatterns

from newsreader.accounts.providers.x.provider import XProvider

urlpatterns = default_urlpatterns(XProvider)
