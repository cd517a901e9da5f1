"""The ASGI application that uvicorn serves."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "peersupport.settings")
_django = get_asgi_application()

from peersupport.bodies import BodyLimit  # noqa: E402 - settings come first

application = BodyLimit(_django)
