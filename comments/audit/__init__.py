"""The audit log, and the reasons of decisions with their texts.

audit_log:       events, append-only and chained by hash
log_checks:      the worker verifies it, a little at a time
fault_texts:     what is wrong with it, in words
account_changes: accounts, their rights and what gives access to them
mail_changes:    mails that were sent again by hand
reason_codes:    every code that a rule or the site itself gives as a reason
refusal_reasons: the reasons that moderators may give: rows that editors change
reason_texts:    reason codes -> sentences, in the reader's language
standing:        the decision about a comment that is in effect
"""
