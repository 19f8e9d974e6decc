#!/usr/bin/env python
import os
import sys
from pathlib import Path

from portal.demo import running


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    running.join(sys.argv, Path(os.environ.get("PORTAL_VAR") or Path(__file__).parent / "var"))
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"The portal cannot start: {error}")


if __name__ == "__main__":
    main()
