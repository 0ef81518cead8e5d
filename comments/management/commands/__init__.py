"""Commands about comments, for `manage.py`.

recount_comments: counting approved comments again
rerender:         rendering comments again that an older renderer made
send_mail_digest: mailing readers what they asked to be told
verify_log:       verifying the audit log
"""
