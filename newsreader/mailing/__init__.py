"""Mail that the site sends: one outbox for all rooms, a budget for what strangers ask for, addresses that get none.

models: Letter, a mail in the outbox
outbox: putting mails into it, and the task that sends what is due
letter: a mail's text and HTML, from its templates
signals: what is done to mails, told inside the transaction
letter_titles: what each mail is called in the newsroom
admin: the list of mails, for those who run the site
headers: what a letter's head says besides
suppression: addresses that get no mail
apps:   registration
"""
