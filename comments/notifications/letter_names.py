"""The letters about comments, by the names of their templates. Each is about a decision, a report or a comment."""

WAITING = "comment_waiting"  # decision: a comment waits
PUBLISHED = "comment_published"  # decision
REFUSED = "comment_refused"  # decision
CONFIRM = "comment_confirm"  # decision: is this your address?
APPEAL_REJECTED = "comment_appeal_rejected"  # decision
REPORT_RECEIVED = "comment_report_received"  # report
REPORT_SETTLED = "comment_report_settled"  # report: its outcome
OBJECTION_SETTLED = "comment_objection_settled"  # report: the outcome of the objection to its outcome
HANDED_OVER = "comment_handed_over"  # comment
HELD_UP = "article_held_up"  # article: it is scheduled and does not appear
WAITING_DIGEST = "comments_waiting"  # moderator: several comments wait
OVERDUE = "comments_overdue"  # moderator: the oldest has waited for too long
PUBLISHED_UNDER = "author_comment"  # comment: it has appeared under an article of theirs
PUBLISHED_DIGEST = "author_comments"  # author: several have
SWITCHED_OFF = "chat_switched_off"  # chat: a room has not answered for days

DECISION, REPORT, COMMENT, ARTICLE = "decision", "report", "comment", "article"
MODERATOR, AUTHOR, CHAT = "moderator", "author", "chat"  # an account, an account, a chat room
