"""What is on record, and how it is worded.

audit_log:    events, only ever added to and chained by hash
reasons:      the reasons that moderators may give: rows that editors change
reason_texts: reason codes -> sentences, in the language of whoever reads them
"""
