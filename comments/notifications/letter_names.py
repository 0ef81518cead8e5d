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

DECISION, REPORT, COMMENT, ARTICLE = "decision", "report", "comment", "article"
