"""System checks of the identity providers: production starts only with real ones, and with a key and organisation of its own."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.utils.module_loading import import_string

from portal.identity.providers import every_provider

SHORTEST_SECRET = 50  # characters


@register()
def only_real_identity_providers_in_production(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Each provider reports what must not start in production: test environments, missing keys, addresses that are not public."""
    if not (settings.DEMO or settings.COLLAUDO) and any(
        name.startswith("portal.demo") for name in settings.IDENTITY_PROVIDERS
    ):
        return []  # portal.E001 refuses them
    try:
        providers = every_provider()
    except (ImportError, TypeError, AttributeError) as error:  # no such path, or not a provider class
        return [Error(f"IDENTITY_PROVIDERS: {error}.", id="portal.E005")]
    if settings.DEMO:
        return []
    own = [provider for provider in providers if not type(provider).__module__.startswith("portal.demo")]
    return [problem for provider in own for problem in provider.production_errors()]


@register()
def one_door_of_each_name(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Two providers must not share a path: CIE speaks either SAML or OpenID Connect."""
    try:
        names = [import_string(path).method.key for path in settings.IDENTITY_PROVIDERS]
    except (ImportError, AttributeError):
        return []  # portal.E005 says so
    twice = sorted({name for name in names if names.count(name) > 1})
    return [
        Error(f"IDENTITY_PROVIDERS names two providers for {name}: choose one.", id="portal.E007") for name in twice
    ]


@register()
def cards_have_a_host_of_their_own(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """TS-CNS needs a host of its own (browsers ask for the certificate per host) and a secret shared with nginx only."""
    if not {"portal.identity.providers.cns.TsCns"} & set(settings.IDENTITY_PROVIDERS):
        return []
    problems = []
    host = urlsplit(settings.CNS_URL).hostname
    if not settings.CNS_URL.startswith("https://") or host == urlsplit(settings.PORTAL_URL).hostname:
        problems.append("CNS_URL must be the https:// address of the host of the cards, another one than PORTAL_URL.")
    elif settings.ALLOWED_HOSTS != ["*"] and host not in settings.ALLOWED_HOSTS:
        problems.append("ALLOWED_HOSTS must hold the host of CNS_URL too.")
    if len(settings.CNS_PROXY_SECRET) < SHORTEST_SECRET:
        problems.append("CNS_PROXY_SECRET is too short: 50 characters or more, random; nginx sends it.")
    return [Error(problem, id="portal.E006") for problem in problems]
