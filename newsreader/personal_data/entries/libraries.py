"""The registry: Django's tables, the sign-in library's, and background tasks."""

from __future__ import annotations

from newsreader.personal_data.entries.kinds import CODE, DELETED, WHILE_ACCOUNT, Entries, Holds, Nobody, each, nobody

_MEMBER = "the account's owner"
_SIGN_IN = Holds(_MEMBER, "to sign in", WHILE_ACCOUNT, DELETED)
_SESSION = Holds(_MEMBER, "so that they see where they are signed in", "as long as the session", DELETED)
_TASK = Holds("whom a task is for", "what the worker needs for it", "two weeks after it is done", DELETED)

ENTRIES: Entries = {
    "account.EmailAddress": each(_SIGN_IN, "user", "email"),
    "account.EmailConfirmation": {"key": _SIGN_IN},
    "socialaccount.SocialAccount": {
        "provider": CODE,
        **each(_SIGN_IN, "user", "uid"),
        "extra_data": Holds(_MEMBER, "their profile as the login provider gave it", WHILE_ACCOUNT, DELETED),
    },
    "socialaccount.SocialToken": each(_SIGN_IN, "token", "token_secret"),
    "socialaccount.SocialApp": nobody("the site's own keys at login providers"),
    "mfa.Authenticator": each(_SIGN_IN, "user", "data"),
    "usersessions.UserSession": each(_SESSION, "user", "ip", "session_key", "user_agent", "data"),
    "sessions.Session": {
        **each(_SESSION, "session_key"),
        "session_data": Holds("who is signed in, or about to sign in", "to know them", "two weeks", DELETED),
    },
    "admin.LogEntry": {
        "user": Holds("somebody of the newsroom", "who did it", WHILE_ACCOUNT, DELETED),
        "object_id": CODE,
        "object_repr": Holds("whom it was about", "what was changed in the admin", "until it is erased", "emptied"),
        "change_message": Nobody("the names of the fields that were changed"),
    },
    "auth.Permission": nobody("names of rights"),
    "auth.Group": nobody("names of roles"),
    "auth.Group_permissions": nobody("rights of roles"),
    "contenttypes.ContentType": nobody("names of tables"),
    "django_tasks_database.DBTaskResult": {
        **each(_TASK, "args_kwargs", "return_value", "traceback"),
        **each(CODE, "task_path", "worker_ids", "queue_name", "backend_name", "exception_class_path"),
    },
}
