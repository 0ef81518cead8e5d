"""The registry: comments, what is decided about them and objected to, bans, the audit log."""

from __future__ import annotations

from newsreader.personal_data.entries.kinds import (
    CODE,
    DELETED,
    DETACHED,
    EMPTIED,
    HASH,
    ORIGIN,
    WHILE_ACCOUNT,
    WHILE_COMMENT,
    Entries,
    Holds,
    Nobody,
    each,
    nobody,
    term,
)

_AUTHOR, _REPORTER, _READER, _STAFF = "the comment's author", "who reports", "the reader", "somebody of the newsroom"
_BY = Holds(_STAFF, "who did it", WHILE_ACCOUNT, DETACHED)
_SHOWN = Holds(_AUTHOR, "shown beside the comment", WHILE_COMMENT, EMPTIED)
_TEXT = Holds(
    _AUTHOR, "what they have published", WHILE_COMMENT, "kept as “A former reader”, or emptied, as they choose"
)
_DERIVED = Holds(_AUTHOR, "made of the text, for pages and search", WHILE_COMMENT, "made anew without the name")
_TOKEN = Holds(_READER, "the secret address of their private page", WHILE_COMMENT, "replaced")
_PROOF = term("proofs", words="{} unless confirmed")
_UNCONFIRMED = term("proofs", words="until it is erased; unconfirmed, {}")
_DRAFT = term("draft_hours")
_REPORT, _APPEAL = (term(name, words="{} after it was settled") for name in ("reports", "appeals"))
_NEWSROOM = Nobody("what the newsroom writes for all cases")

ENTRIES: Entries = {
    "comments.Comment": {
        **each(ORIGIN, "origin_site", "origin_type", "origin_id"),
        **each(_SHOWN, "name", "website", "provider"),
        "avatar": Holds(_AUTHOR, "shown beside the comment", WHILE_COMMENT, "emptied, and the file is deleted"),
        "identity": Holds(_AUTHOR, "who left it", WHILE_COMMENT, DETACHED),
        **each(_TEXT, "body", "html"),
        **each(_DERIVED, "search_terms", "text_key"),
        "path": CODE,
        "language": CODE,
        "assigned_to": _BY,
        "status_token": _TOKEN,
        "idempotency_key": Holds(_AUTHOR, "chosen by their browser or program", WHILE_COMMENT, EMPTIED),
        "fingerprint": Holds(_AUTHOR, "a keyed hash of what was sent", WHILE_COMMENT, EMPTIED),
        "duplicate_key": Holds(_AUTHOR, "a keyed hash of the text and who typed it", WHILE_COMMENT, EMPTIED),
    },
    "comments.ConnectionData": {
        "address": Holds(
            _AUTHOR,
            "against abuse",
            term("addresses_whole", "addresses", words="whole for {}, as a network for {}"),
            DELETED,
        ),
        "user_agent": Holds(_AUTHOR, "against abuse", term("browsers"), DELETED),
        **each(Holds(_AUTHOR, "against abuse, and to answer by mail", WHILE_COMMENT, DELETED), "email", "domain"),
    },
    "comments.Revision": {
        "body": Holds(_AUTHOR, "what a comment said before it was edited", WHILE_COMMENT, DELETED),
        "by": _BY,
    },
    "comments.PathBucket": nobody("numbers and paths of a long discussion", "start"),
    "comments.Decision": {
        **each(CODE, "source", "before"),
        "by": _BY,
        "reasons": Nobody("codes with numbers, and the newsroom's own list entries"),
    },
    "comments.Batch": {"by": _BY, "reason": CODE},
    "comments.AuditEntry": {
        **each(CODE, "kind", "subject"),
        **each(HASH, "digest", "hash", "salt"),
        "facts": Nobody("codes, ids and numbers; nothing that was typed"),
        "by_account": Nobody("the number of an account, which names nobody once the account is deleted"),
        "personal": Holds(
            "whom the entry is about",
            "to prove later what was decided, and about what",
            term("log_people", words="{}; the entry stays"),
            "emptied with its salt; the chain still verifies",
        ),
    },
    "comments.LogCheck": nobody("how far the audit log has been verified", "hash", "known_hash", "faults", "told"),
    "comments.RefusalReason": each(_NEWSROOM, "code", "label", "sentence"),
    "comments.ReplyTemplate": each(_NEWSROOM, "title", "text"),
    "comments.ArticleSettings": nobody("the rules under one article", "surge_facts"),
    "comments.MonthlyStats": nobody("numbers of a month", "numbers"),
    "comments.Note": {
        "text": Holds(_AUTHOR, "what moderators tell each other about the comment", WHILE_COMMENT, DELETED),
        "by": _BY,
    },
    "comments.Label": {"by": _BY},
    "comments.ReviewLock": {"by": Holds(_STAFF, "who has the comment open", "minutes", DELETED)},
    "comments.FilterEntry": {
        "pattern": Nobody("what the newsroom looks for in all comments; editors end an entry that names somebody"),
        **each(Nobody("the newsroom's own samples"), "examples", "counterexamples"),
        "note": Nobody("why the newsroom has the entry"),
    },
    "comments.Ban": {
        "identity": Holds("who is banned", "to keep them out", "until the ban is deleted", DELETED),
        "email": Holds("who is banned", "to keep them out", "until the ban is deleted", "replaced by its keyed hash"),
        "network": Holds(
            "who is banned",
            "to keep them out",
            "until the ban is deleted",
            "of a single address of theirs: replaced by its keyed hash",
        ),
        "reason": CODE,
        "note": Holds("who is banned", "for colleagues", "until the ban is deleted", EMPTIED),
        "by": _BY,
    },
    "comments.Report": {
        **each(
            Holds(_REPORTER, "in the reader's words", _REPORT, EMPTIED),
            "detail",
            "objection",
            "law",
        ),
        **each(Holds(_REPORTER, "to answer notices of illegal content", _REPORT, EMPTIED), "name", "email"),
        "reporter": Holds(_REPORTER, "a keyed hash: each reports once", _REPORT, "made random"),
        "network": Holds(
            _REPORTER, "a keyed hash: against abuse", term("addresses", words="{} once it is settled"), EMPTIED
        ),
        "account": Holds(_REPORTER, "to tell them the outcome", _REPORT, DETACHED),
        "token": Holds(_REPORTER, "the secret address of their private page", _REPORT, "replaced"),
        "decision_reason": CODE,
        **each(_BY, "settled_by", "kept_by"),
    },
    "comments.Appeal": {
        "text": Holds(_AUTHOR, "in the author's words", _APPEAL, EMPTIED),
        "settled_by": _BY,
    },
    "comments.BanAppeal": {
        "appellant": Holds(
            "who appeals", "a keyed hash: each appeals once", "as long as the ban", "replaced by chance"
        ),
        "token": Holds("who appeals", "the secret address of their page", _APPEAL, EMPTIED),
        "text": Holds("who appeals", "in their words", _APPEAL, EMPTIED),
        "settled_by": _BY,
    },
    "comments.EmailConfirmation": {
        **each(
            Holds("a guest", "a keyed hash: one mail for each address", _PROOF, DELETED),
            "address",
            "network",
        ),
        "token": Holds("a guest", "the link in that mail", _PROOF, DELETED),
    },
    "comments.MailPreferences": {
        **each(
            Holds(_READER, "to mail them what they asked for", _UNCONFIRMED, DELETED),
            "address",
            "folded",
            "language",
            "zone",
        ),
        "network": Holds(
            _READER, "a keyed hash: nobody asks for mails to strangers without end", "as long as the address", DELETED
        ),
    },
    "comments.Subscription": {
        "preferences": Holds(_READER, "what they want to be told", "as long as the address", DELETED),
    },
    "comments.Notice": {
        "preferences": Holds(
            _READER, "what they are told, once", term("notices", words="{} after it was told"), DELETED
        ),
    },
    "comments.LastLook": {"user": Holds(_READER, "when they last saw their comments", WHILE_ACCOUNT, DELETED)},
    "comments.ModeratorMail": {"user": Holds(_STAFF, "which mails they want", WHILE_ACCOUNT, DELETED)},
    "comments.AuthorMail": {"user": Holds(_STAFF, "which mails they want", WHILE_ACCOUNT, DELETED)},
    "comments.ChatHook": nobody(
        "chat rooms of the newsroom, their addresses and secrets encrypted",
        "name",
        "host",
        "sealed_address",
        "sealed_secret",
        "failure",
    ),
    "comments.RateLimit": {
        "key": Holds(
            _READER,
            "a keyed hash: how fast somebody may post",
            "minutes",
            "deleted; a network's expires",
        )
    },
    "comments.KeptDraft": {
        "typed": Holds(_READER, "what they typed, while they sign in", _DRAFT, DELETED),
        **each(
            Holds(_READER, "which browser may see it", _DRAFT, DELETED), "token", "browser", "network", "neighbourhood"
        ),
        **each(CODE, "provider", "channel"),
    },
    "comments.Delivery": {
        "address": Holds("who gets the mail", "to send it once", WHILE_COMMENT, DELETED + ", sent or not"),
        "language": CODE,
        "failure": Nobody("the class of an error, without its text"),
    },
}
