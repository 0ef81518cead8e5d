"""The registry: accounts, commenter identities, invitations, pictures, kept answers, mail, requests to be erased."""

from __future__ import annotations

from newsreader.personal_data.entries.kinds import (
    CODE,
    DELETED,
    DETACHED,
    HASH,
    WHILE_ACCOUNT,
    Entries,
    Holds,
    Nobody,
    each,
    nobody,
    term,
)

_MEMBER = "the account's owner"
_INVITATION = term("invitations", words="once accepted, as long as the account; else {} after it has ended")
_INVITED = Holds("who is invited to the newsroom", "to send the invitation", _INVITATION, DELETED)
_UNTIL_DRAWN = term(
    "pictures", words="until the worker has drawn it; of one that cannot be used is noted for {} that it was sent"
)
_BY = Holds("somebody of the newsroom", "to show who did it", WHILE_ACCOUNT, DETACHED)

ENTRIES: Entries = {
    "accounts.User": {
        **each(Holds(_MEMBER, "to sign in", WHILE_ACCOUNT, DELETED), "username", "password", "email"),
        **each(
            Holds(_MEMBER, "shown beside their comments", WHILE_ACCOUNT, DELETED), "name", "first_name", "last_name"
        ),
        "avatar": Holds(_MEMBER, "shown beside their comments", WHILE_ACCOUNT, "file and row are deleted"),
        "language": Holds(_MEMBER, "pages and mails in their language", WHILE_ACCOUNT, DELETED),
    },
    "accounts.User_groups": {"user": Holds(_MEMBER, "their roles", WHILE_ACCOUNT, DELETED)},
    "accounts.User_user_permissions": {"user": Holds(_MEMBER, "their rights", WHILE_ACCOUNT, DELETED)},
    "accounts.Invitation": {
        "email": _INVITED,
        **each(_BY, "invited_by", "accepted_by", "revoked_by"),
    },
    "accounts.SentPicture": {
        "user": Holds(_MEMBER, "whose picture it is", _UNTIL_DRAWN, DELETED),
        "data": Holds(_MEMBER, "to draw their portrait", _UNTIL_DRAWN, DELETED),
        "token": CODE,
    },
    "accounts.CommenterIdentity": {
        "provider": CODE,
        "uid": Holds("the commenter", "to know them again at their login provider", "until they are erased", DELETED),
        "user": Holds("the commenter", "which account it belongs to", WHILE_ACCOUNT, DELETED),
        **each(
            Holds("the commenter", "as the login provider gave it", "until they are erased", DELETED),
            "display_name",
            "profile_url",
            "avatar_source",
        ),
        "avatar": Holds(
            "the commenter", "our copy of their picture", "until they are erased", "file and row are deleted"
        ),
        "email": Holds("the commenter", "to mail them about their comments", "until they are erased", DELETED),
    },
    "accounts.KeptAnswer": {
        **each(HASH, "fingerprint"),
        "person": Holds("who posts over REST", "the keyed hash of an account or network", "a day", DELETED),
        "key": Holds("who posts over REST", "chosen by their program", "a day", DELETED),
        **each(
            Holds("who posts over REST", "to answer the same when it is sent again", "a day", DELETED),
            "body",
            "headers",
        ),
    },
    "accounts.KnownWay": {
        "user": Holds(_MEMBER, "to tell them of a sign-in by a new way", WHILE_ACCOUNT, DELETED),
        "way": CODE,
    },
    "personal_data.ErasureRequest": each(
        Holds("who wants to be erased", "to carry it out after a day", "until it is done or cancelled", DELETED),
        "user",
        "email",
        "token",
    ),
    "personal_data.DigestKey": nobody("a random key", "key"),
    "personal_data.CopiesFolder": nobody("folders of copies of the site", "path"),
    "mailing.Letter": {
        **each(CODE, "name", "about", "language"),
        "facts": Nobody("which mail it is; nothing that was typed"),
        "failure": Nobody("the class of an error, without its text"),
        "address": Holds(
            "who gets the mail",
            "to send it once",
            term("mails", words="{} after it was sent"),
            DELETED + ", sent or not",
        ),
        "secret": Holds("who gets the mail", "a code or a link, encrypted", "until it is sent or given up", DELETED),
    },
    "mailing.AskedLetter": each(
        Holds("whose address somebody typed", "a keyed hash: nobody is flooded with mails", "a day", "expires"),
        "address",
        "network",
        "neighbourhood",
    ),
    "mailing.Suppression": {
        "address": Holds(
            "who wants no mail, or gets none",
            "a keyed hash: they are not mailed again",
            "until they or the newsroom end it",
            "kept, since it names nobody and keeps mails away",
        ),
    },
}
