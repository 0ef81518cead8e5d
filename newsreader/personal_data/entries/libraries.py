"""The registry: Django's tables, the sign-in library's, and background tasks."""

from __future__ import annotations

from newsreader.personal_data.entries.kinds import (
    CODE,
    DELETED,
    WHILE_ACCOUNT,
    Entries,
    Holds,
    Nobody,
    each,
    nobody,
    term,
)

_MEMBER = "the account's owner"
_SIGN_IN = Holds(_MEMBER, "to sign in", WHILE_ACCOUNT, DELETED)
_WHILE_SESSION = "as long as the session"
_SESSION = Holds(_MEMBER, "so that they see where they are signed in", _WHILE_SESSION, DELETED)
_TASK = Holds("whom a task is for", "what the worker needs for it", term("tasks", words="{} after it is done"), DELETED)

ENTRIES: Entries = {
    "account.EmailAddress": each(_SIGN_IN, "user", "email"),
    "account.EmailConfirmation": each(_SIGN_IN, "email_address", "key"),
    "socialaccount.SocialAccount": {
        "provider": CODE,
        **each(_SIGN_IN, "user", "uid"),
        "extra_data": Holds(_MEMBER, "their profile as the login provider gave it", WHILE_ACCOUNT, DELETED),
    },
    "socialaccount.SocialToken": each(_SIGN_IN, "account", "token", "token_secret"),
    "socialaccount.SocialApp": nobody(
        "the site's own keys at login providers",
        "provider",
        "provider_id",
        "name",
        "client_id",
        "secret",
        "key",
        "settings",
    ),
    "mfa.Authenticator": each(_SIGN_IN, "user", "data"),
    "usersessions.UserSession": {
        **each(_SESSION, "user", "session_key", "data"),
        "ip": _SESSION._replace(
            kept=term(
                "addresses_whole",
                "addresses",
                words="whole for {}, as a network for {}, and no longer than the session",
            )
        ),
        "user_agent": _SESSION._replace(kept=term("browsers", words="{}, and no longer than the session")),
    },
    "sessions.Session": {
        **each(_SESSION, "session_key"),
        "session_data": Holds(
            "who is signed in, or about to sign in",
            "to know them",
            term("sessions", words="two weeks, or an hour where nobody is signed in, and {} after its end"),
            DELETED,
        ),
    },
    "admin.LogEntry": {
        "user": Holds("somebody of the newsroom", "who did it", WHILE_ACCOUNT, DELETED),
        "object_id": CODE,
        "object_repr": Holds("whom it was about", "what was changed in the admin", "until it is erased", "emptied"),
        "change_message": Nobody("the names of the fields that were changed"),
    },
    "auth.Permission": nobody("names of rights", "name", "codename"),
    "auth.Group": nobody("names of roles", "name"),
    "contenttypes.ContentType": nobody("names of tables", "app_label", "model"),
    "django_tasks_database.DBTaskResult": {
        **each(_TASK, "args_kwargs", "return_value", "traceback"),
        **each(CODE, "task_path", "worker_ids", "queue_name", "backend_name", "exception_class_path"),
    },
}
