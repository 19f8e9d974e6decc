"""The WSGI application for gunicorn: the gate and the web service in front, then the portal."""

import os
import sys

from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
try:
    portal = get_wsgi_application()
    from portal.database import bounds  # the apps are there only now
    from portal.web.plain_requests import with_known_charset
    from portal.web.request_id import RequestIds
    from sessions.gate.views import GateInFront
    from sessions.soap.views import ServiceInFront

    bounds.for_pages()
    if serious := [
        error for error in run_checks() if error.is_serious()
    ]:  # gunicorn starts without a command that checks
        sys.exit("The portal cannot start: " + " ".join(str(error.msg) for error in serious))
    application = GateInFront(RequestIds(ServiceInFront(with_known_charset(portal))))
except ImproperlyConfigured as error:
    sys.exit(f"The portal cannot start: {error}")
