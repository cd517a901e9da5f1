"""The ASGI application that uvicorn serves."""

import os
import tempfile

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "peersupport.settings")
_django = get_asgi_application()

from django.conf import settings  # noqa: E402 - the application sets them up

from peersupport.bodies import BodyLimit  # noqa: E402

# Django keeps a long body in a temporary file (which has no name) until it is read: /tmp may be memory.
tempfile.tempdir = str(settings.DATA_DIR)

application = BodyLimit(_django)
