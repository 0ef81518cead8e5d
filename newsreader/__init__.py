"""Newsreader: a news site backend with comments. This package holds wiring, design, accounts and tools.

settings, provider_settings, local_env, checks: every setting, and which combinations are wrong
request_limits: how large a request may be, and how long it may take to arrive
middleware:  security headers, limits on requests, refusals as pages
article_page: an article's page: a frame that is kept, and the comments in it
views:       pages that combine articles and comments, health; context_processors: the frame of every page
api, schema: the root of the REST API, and its OpenAPI document
busy:        the answer while the database is away, with what was typed
admin_site:  the admin, opening on the moderation queue
front:       what the server runs: requests are read before Django is called; wsgi: Django
accounts:    users, commenter identities, signing in
mailing:     the outbox of mails
personal_data: which fields hold people, and erasing a person
first_steps: what is set up on a new site, and what is not
transfer:    importing from other systems; demo: the demonstration newsroom
operations:  running the site: the worker, the supervisor, scheduled jobs
templatetags: template tags used everywhere
kit:         tools that know nothing of articles or comments
"""
