"""The WSGI application that Granian serves."""

import os

from django.core.wsgi import get_wsgi_application

from newsreader.operations import pulse

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "newsreader.settings")
os.environ.setdefault("NEWSREADER_ROLE", "web")  # Its database waits less (`newsreader.settings`).
application = get_wsgi_application()
pulse.keep_sending("web")
