"""Mail that the site sends: one outbox for all rooms, a budget for what strangers ask for, addresses that get none.

models: Letter, a mail in the outbox; what the budget and the suppression keep
outbox: putting mails into it, and the task that sends what is due
letter: a mail's text and HTML, from its templates
signals: what is done to mails, told inside the transaction
letter_titles: what each mail is called in the newsroom
admin: the list of mails, for those who run the site
headers: what a letter's head says besides
budget: how many mails go out that nobody signed in asked for
suppression: addresses that get no mail, or less; smtp_refusals: which refusals of a mail server say so
tokens: the token of an address, with which its reader manages their mails
providers: mail providers that EMAIL_URL can name; provider_events: what they tell of mails
views, urls: the page where mails that strangers ask for are ended, and where a provider tells
apps:   registration
"""
