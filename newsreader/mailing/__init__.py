"""Mail that the site sends: one outbox for all rooms, a budget for what strangers ask for, addresses that get none.

models: Letter, a mail in the outbox
apps:   registration
"""
