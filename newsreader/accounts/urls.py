"""URLs of the account pages, and of the library's pages that we extend or protect. They come before the library's.

Protected pages could give others access to an account, and the library does not ask people without password and second
factor to reauthenticate for them.
"""

from allauth.account import views as account
from allauth.mfa.base import views as factors
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.urls import path

from newsreader.accounts import forms, invitation_views, views
from newsreader.accounts.reauthentication import confirmed

_ways = {"sign_in_with": settings.SIGN_IN_WITH}


urlpatterns = [
    path("", views.my_page, name="my_page"),
    path("confirm/", views.confirm_it_is_you, name="confirm_it_is_you"),
    path("sessions/<int:pk>/end/", views.end_session, name="end_session"),
    path("invitation/", invitation_views.invitation, name="invitation"),
    path("invitation/<str:token>/", invitation_views.open_link, name="invitation_link"),
    # The library's, extended.
    path("login/", account.LoginView.as_view(extra_context=_ways), name="account_login"),
    path("signup/", account.SignupView.as_view(extra_context=_ways), name="account_signup"),
    path("login/code/", views.RequestCode.as_view(), name="account_request_login_code"),
    path("sessions/", views.Sessions.as_view(), name="usersessions_list"),
    path("2fa/webauthn/keys/<int:pk>/remove/", views.RemovePasskey.as_view(), name="mfa_remove_webauthn"),
    # The library's, with forms that refuse malformed data.
    path(
        "2fa/authenticate/",
        factors.AuthenticateView.as_view(webauthn_form_class=forms.SecondStepPasskeyForm),
        name="mfa_authenticate",
    ),
    path(
        "2fa/webauthn/login/",
        webauthn.LoginWebAuthnView.as_view(form_class=forms.SignInPasskeyForm),
        name="mfa_login_webauthn",
    ),
    path("2fa/webauthn/signup/", views.SignUpPasskey.as_view(), name="mfa_signup_webauthn"),
    path(
        "2fa/webauthn/reauthenticate/",
        webauthn.ReauthenticateWebAuthnView.as_view(form_class=forms.ConfirmPasskeyForm),
        name="mfa_reauthenticate_webauthn",
    ),
    # The library's, protected by reauthentication.
    path("3rdparty/", confirmed(views.Connections.as_view(), only={"POST"}), name="socialaccount_connections"),
    path("email/", confirmed(login_required(views.Addresses.as_view()), only={"POST"}), name="account_email"),
    path("password/set/", confirmed(account.password_set), name="account_set_password"),
    path("2fa/totp/activate/", confirmed(totp.activate_totp), name="mfa_activate_totp"),
    path("2fa/webauthn/add/", confirmed(views.AddPasskey.as_view()), name="mfa_add_webauthn"),
]
