"""URLs for apps under `/_allauth/app/v1/` where ours differ; they come before the library's own."""

from typing import Any

from allauth.core.exceptions import ReauthenticationRequired
from allauth.headless.account.views import ChangePasswordView
from allauth.headless.constants import Client
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from newsreader.accounts.reauthentication import must_confirm


class ChangePassword(ChangePasswordView):
    """Setting a first password adds a way to sign in, so it needs reauthentication, like the others."""

    def handle(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated and not request.user.has_usable_password() and must_confirm(request):
            raise ReauthenticationRequired
        return super().handle(request, *args, **kwargs)


@csrf_exempt
def nowhere(request: HttpRequest) -> HttpResponse:
    """Replace the library's views for telephone numbers, which we do not store."""
    raise Http404


urlpatterns = [
    path("account/password/change", ChangePassword.as_api_view(client=Client.APP)),
    path("account/phone", nowhere),
    path("auth/phone/verify", nowhere),
    path("auth/phone/verify/resend", nowhere),
]
