"""Sets up Django for the modules that run as processes of the day: `python -m tests.day.NAME`."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
django.setup()
