"""The WSGI application for gunicorn: the gate and the web service in front, then the portal."""

import logging
import os
import sys
from typing import NoReturn

from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
NEVER_STARTS = 3  # exit code: gunicorn stops. With any other it starts new workers for ever


def _stop(why: object) -> NoReturn:
    print(f"The portal cannot start: {why}", file=sys.stderr, flush=True)
    sys.exit(NEVER_STARTS)


try:
    portal = get_wsgi_application()
    from portal import installation  # the apps are there only now
    from portal.database import bounds, pooler
    from portal.system_checks import about_the_pooler
    from portal.web.plain_requests import with_host, with_known_charset
    from portal.web.request_id import RequestIds
    from sessions.gate.views import GateInFront
    from sessions.soap.views import ServiceInFront

    bounds.for_pages()
    # gunicorn starts without a command that checks
    if serious := [error for error in run_checks() if error.is_serious()]:
        _stop(" ".join(str(error.msg) for error in serious))
    installation.look_at_the_start()
    for message in about_the_pooler(pooler.lately()):  # said, not refused: a worker that is replaced must go on
        logging.getLogger("portal.wsgi").error("%s %s", message.msg, message.hint or "")
    application = GateInFront(RequestIds(with_host(ServiceInFront(with_known_charset(portal)))))
except ImproperlyConfigured as error:
    _stop(error)
