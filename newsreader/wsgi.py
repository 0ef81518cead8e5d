"""The WSGI application: Django as `newsreader.front` calls it, or another server."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "newsreader.settings")
os.environ.setdefault("NEWSREADER_ROLE", "web")  # Its database waits less (`newsreader.settings`).
application = get_wsgi_application()
