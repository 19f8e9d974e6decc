"""The portal with an additional page that crashes."""

from django.urls import path

from portal.urls import handler400, handler403, handler404, handler500, urlpatterns

__all__ = ["handler400", "handler403", "handler404", "handler500"]


def crash(request):
    raise RuntimeError("a secret that must not be shown")


urlpatterns = [*urlpatterns, path("rotto/", crash)]
