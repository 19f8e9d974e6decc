from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "portal"

    def ready(self) -> None:
        from django.db.backends.signals import connection_created
        from django.db.models.signals import post_migrate

        from portal import celery, installation, system_checks  # noqa: F401  the tasks learn their broker; the checks are registered
        from portal.database import squashed  # noqa: F401

        connection_created.connect(installation.look)
        post_migrate.connect(installation.write_the_mark, sender=self)
