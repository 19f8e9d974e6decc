"""For the modules that run as processes of the day: `python -m tests.day.NAME`, on its database and by its clock."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
django.setup()
