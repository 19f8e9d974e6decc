"""One settings module for the laptop, the tests and production; the environment decides (see env.py and docs/production.md).

`PORTAL_MODE=demo` (the default) answers on loopback only, so that a forgotten variable never exposes the stub providers.
"""

from datetime import timedelta
from pathlib import Path

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from portal import logs
from portal.env import Environment, broker_url, cache_url

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment(BASE_DIR)
DEMO = not env.production
VAR_DIR = env.var_dir  # what the portal writes beside the database: unfinished downloads, the embedded queue

# --- who may reach it
SECRET_KEY = env.secret("SECRET_KEY")
SEALING_KEYS = env.sealing_keys()
DEBUG = False
if env.production:
    ALLOWED_HOSTS = env.names("ALLOWED_HOSTS")
    PORTAL_URL = env.address("PORTAL_URL", schemes=("https",)).rstrip("/")
else:
    ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]", "testserver"]
    PORTAL_URL = env.address("PORTAL_URL", default="http://127.0.0.1:8000").rstrip("/")
    if env.text("ALLOWED_HOSTS", default=""):
        raise ImproperlyConfigured(
            "ALLOWED_HOSTS is set, but the demonstration answers on this machine only: set PORTAL_MODE=production."
        )

# --- what it is made of
INSTALLED_APPS = [
    "django.contrib.admin.apps.SimpleAdminConfig",  # not its default site: sessions/staff/archive
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",  # its widget templates, which PortalFormRenderer looks for
    "csp",
    "django_otp",
    "portal.apps.PortalConfig",
    "portal.identity",
    "portal.outbox",
    "portal.journal",
    "pharmacies",
    "sessions.apps.SessionsConfig",
]
MIDDLEWARE = [
    "portal.watch.doors.Watched",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "portal.web.plain_requests.PlainRequests",
    "portal.watch.doors.ForMachines",
    "portal.time.clock.NowMiddleware",
    "portal.web.client_address.ClientAddressMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "portal.identity.session_ends.SessionEnds",
    "portal.web.busy_pages.BusyPages",
]
ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.web.context.portal",
            ],
        },
    },
]
# In the session, not in a cookie: a sentence that nobody read must not outlive who it was for.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
FORM_RENDERER = "portal.web.form_renderer.PortalFormRenderer"

# --- where it keeps things
DATABASES = {"default": env.database()}
# seconds, 0: no bound; why these values: portal/database/bounds.py
PAGE_STATEMENT_TIMEOUT = env.number("PAGE_STATEMENT_TIMEOUT", default=15)
PAGE_LOCK_TIMEOUT = env.number("PAGE_LOCK_TIMEOUT", default=5)
TASK_STATEMENT_TIMEOUT = env.number("TASK_STATEMENT_TIMEOUT", default=60)
TASK_LOCK_TIMEOUT = env.number("TASK_LOCK_TIMEOUT", default=10)
REDIS_URL = env.redis_url()
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": cache_url(REDIS_URL),
        # seconds: what is asked of it is a courtesy (portal.outbox.waking); a server that is there and silent must not hold a page
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
    }
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}
STATIC_URL = "static/"
# The demonstration serves the files where they are: no folder to collect them in, so none to miss.
STATIC_ROOT = env.text("STATIC_ROOT", default=str(BASE_DIR / "staticfiles") if env.production else "") or None
# The official logos of the identity providers are trademarks: a deployment adds them (docs/identity.md).
STATICFILES_DIRS = (
    [("identity", IDENTITY_ASSETS)] if (IDENTITY_ASSETS := env.text("IDENTITY_ASSETS", default="")) else []
)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if env.production
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEMO
WHITENOISE_ALLOW_ALL_ORIGINS = False

# --- language and time: UTC inside, Italian time at the edge
LANGUAGE_CODE = "it"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Europe/Rome"

# --- who is at the keyboard
AUTH_USER_MODEL = "identity.User"
AUTHENTICATION_BACKENDS = [
    "portal.identity.backends.DigitalIdentityBackend",
    "portal.identity.backends.StaffBackend",
]
IDENTITY_PROVIDERS = env.names("IDENTITY_PROVIDERS", default=[])  # dotted paths; the demonstration has its stubs below
IDENTITY_METADATA = Path(env.text("IDENTITY_METADATA", default=str(VAR_DIR / "identity")))  # of the identity providers
IDENTITY_TEST_HOSTS = env.names("IDENTITY_TEST_HOSTS", default=[])  # test environments let in during an acceptance only
IDENTITY_REGISTRIES = {  # way in: where its registry is, and the PEM of who signs it (`manage.py identity_providers`)
    "spid": (
        env.address("SPID_REGISTRY_URL", default="https://registry.spid.gov.it/metadata/idp/spid-entities-idps.xml"),
        env.text("SPID_REGISTRY_CERTIFICATE", default=""),
    ),
    "cie": (
        env.address("CIE_REGISTRY_URL", default="https://idserver.servizicie.interno.gov.it/idp/shibboleth?Metadata"),
        env.text("CIE_REGISTRY_CERTIFICATE", default=""),
    ),
}
SAML_ENTITY_ID = env.text("SAML_ENTITY_ID", default=PORTAL_URL)  # who we are for SPID and CIE
SAML_PRIVATE_KEY = env.text("SAML_PRIVATE_KEY", default="")  # PEM; better as SAML_PRIVATE_KEY_FILE
SAML_CERTIFICATE = env.text("SAML_CERTIFICATE", default="")  # PEM, of that key
SAML_ORGANISATION = env.text("SAML_ORGANISATION", default="")  # TOML; better as SAML_ORGANISATION_FILE
OIDC_PROVIDER = env.address("OIDC_PROVIDER", default="https://oidc.idserver.servizicie.interno.gov.it")  # of CIE
OIDC_TRUST_ANCHOR = env.address(  # who heads its federation
    "OIDC_TRUST_ANCHOR", default="https://oidc.registry.servizicie.interno.gov.it"
)
OIDC_TRUST_ANCHOR_KEYS = env.text("OIDC_TRUST_ANCHOR_KEYS", default="")  # JWK Set, had by another road; better as _FILE
OIDC_AUTHORITY_HINTS = env.names("OIDC_AUTHORITY_HINTS", default=[])  # who accredited us, if not the trust anchor
OIDC_TRUST_MARKS = env.text("OIDC_TRUST_MARKS", default="")  # the JWTs we were given, one a line; better as _FILE
OIDC_FEDERATION_KEYS = env.text("OIDC_FEDERATION_KEYS", default="")  # PEM; several while they change, as the next
OIDC_SIGNING_KEYS = env.text("OIDC_SIGNING_KEYS", default="")
OIDC_ENCRYPTION_KEYS = env.text("OIDC_ENCRYPTION_KEYS", default="")
CNS_URL = env.address("CNS_URL", default="").rstrip("/")  # the host where cards are shown: https, not the portal's own
CNS_PROXY_SECRET = env.text("CNS_PROXY_SECRET", default="")  # what nginx says to be believed about cards
CNS_POLICIES = env.names("CNS_POLICIES", default=["1.3.76.16.2.1"])  # of the certificates that are taken (CNS, AgID)
CNS_FOLDER = Path(env.text("CNS_FOLDER", default=str(VAR_DIR / "cns")))  # what nginx believes: ca.pem, crl.pem
CNS_TRUST_LIST = env.text("CNS_TRUST_LIST", default="https://eidas.agid.gov.it/TL/TSL-IT.xml")
CNS_TRUST_LIST_SIGNERS = env.text("CNS_TRUST_LIST_SIGNERS", default="")  # PEM, one or more: who may sign that list
CNS_REVOCATION_LISTS = env.names("CNS_REVOCATION_LISTS", default=[])  # addresses or files
LOGIN_URL = "identity:choose"
LOGIN_PENDING_FOR = timedelta(minutes=10)
FRESH_AUTHENTICATION_FOR = timedelta(minutes=10)
OTP_TOTP_ISSUER = "Portale Farmacie"
PASSWORD_HASHERS = ["portal.secrets.hashing.Argon2idHasher"]
SESSION_LASTS_FOR = timedelta(hours=8)  # a working day, whatever one does: then one shows again who one is
SESSION_IDLE_FOR = timedelta(minutes=30)  # the computer of a shop stays alone; certifying takes less, letter included
SESSION_COOKIE_AGE = int(SESSION_LASTS_FOR.total_seconds())  # what nobody used for so long is forgotten
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"  # not Strict: the way back from the identity provider starts on another site
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "portal.web.errors.csrf_failure"

# --- https, in production
SECURE_COOKIES = PORTAL_URL.startswith("https://")  # always in production
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_COOKIES
SESSION_COOKIE_NAME = "__Host-sessionid" if SECURE_COOKIES else "sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken" if SECURE_COOKIES else "csrftoken"
SECURE_SSL_REDIRECT = env.production
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]  # asked by machines on a private address
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.production else None
SECURE_HSTS_SECONDS = int(timedelta(days=365).total_seconds()) if env.production else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = env.production
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_TRUSTED_ORIGINS = [PORTAL_URL] if env.production else []
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],  # the icons inside the CSS of Bootstrap Italia
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# --- letters: EMAIL_BACKEND writes them down, the worker hands them to the SMTP server named by EMAIL_URL
vars().update(env.email())
EMAIL_BACKEND = "portal.outbox.backend.OutboxBackend"
# seconds: what the SMTP server may think at each of its four answers; more than those four together, see outbox.E001
EMAIL_TIMEOUT = env.number("EMAIL_TIMEOUT", default=20, least=1)
OUTBOX_LEASE = timedelta(seconds=env.number("OUTBOX_LEASE", default=90, least=1))
EMAIL_OWN_DOMAINS = env.names("EMAIL_OWN_DOMAINS", default=[])  # mailboxes of that server; `*`: all. It relays others
RELAY_SILENT_FOR = timedelta(hours=env.number("RELAY_SILENT_HOURS", default=24))  # then what a relay took has arrived
REFUSALS_IN_A_ROW = env.number("REFUSALS_IN_A_ROW", default=5, least=1)  # refused for good, none delivered between ...
REFUSALS_FOR = timedelta(hours=env.number("REFUSALS_HOURS", default=48))  # ... over so long: that mailbox is dead
DEAD_MAILBOXES_OF_A_DOMAIN = env.number("DEAD_MAILBOXES_OF_A_DOMAIN", default=5)  # in an hour: more, and none is marked
DEAD_MAILBOXES_IN_ALL = env.number("DEAD_MAILBOXES_IN_ALL", default=20)
MAIL_DOMAIN = env.domain("MAIL_DOMAIN", default=None if env.production else "portale-farmacie.example")
DEFAULT_FROM_EMAIL = env.mailbox("DEFAULT_FROM_EMAIL", default=f"Portale Farmacie <no-reply@{MAIL_DOMAIN}>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
BOUNCE_DOMAIN = env.domain("BOUNCE_DOMAIN", default="")  # where reports about our letters come back; else to the sender
BOUNCE_SECRET = env.webhook_secret("BOUNCE_SECRET")  # of the relay that posts those reports; without it nobody may

# --- what the address of a pharmacy must pass
CHECK_MX = env.flag("CHECK_MX", default=env.production)

# --- what the national register must prove before a pharmacy is closed (docs/register.md)
REGISTER_ABSENT_FILES = env.number("REGISTER_ABSENT_FILES", default=3)
REGISTER_WHOLE_PERCENT = env.number("REGISTER_WHOLE_PERCENT", default=99)
REGISTER_CLOSINGS = env.number("REGISTER_CLOSINGS", default=5)
REGISTER_CLOSINGS_PER_THOUSAND = env.number("REGISTER_CLOSINGS_PER_THOUSAND", default=5)

# --- which addresses of gestionali may be called: tests and the demonstration name rules that let them call this machine
WEBHOOK_ADDRESSES = "sessions.webhooks.addresses.PublicHttps"

# --- the web service of the gestionali (docs/contract.md, sections 3 and 5)
A2F_MODE = env.choice("A2F_MODE", ["TEST", "PRODUCTION"], default="TEST" if DEMO else "PRODUCTION")
A2F_PRIVATE_KEY = env.text("A2F_PRIVATE_KEY", default="")  # PEM, when the key of the pincode stays out of the database
A2F_MAX_ADDRESSES_A_DAY = env.number("A2F_MAX_ADDRESSES_A_DAY", default=8, least=1)  # more of them block the utenza

# --- the staff's desk: what many operators read at once is counted once
DESK_KEPT_FOR = timedelta(seconds=10)  # how old the counters may be; 0 counts again at every look

# --- names that change from one administration to the next
OWNER_NAME = env.text("OWNER_NAME", default="Ente titolare del servizio")
ASSISTANCE_PHONE = env.text("ASSISTANCE_PHONE", default="800 000 000")
ASSISTANCE_HOURS = env.text("ASSISTANCE_HOURS", default="lun–sab 8:00–20:00")

# --- background work: see portal/celery.py for the timetable
CELERY_BROKER_URL = broker_url(REDIS_URL) or "filesystem://"
if not REDIS_URL:
    _queue = env.folder("queue")
    CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, object] = {
        "data_folder_in": str(_queue),
        "data_folder_out": str(_queue),
        "control_folder": str(env.folder("queue", "control")),
        "polling_interval": 0.1,
    }
else:
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "visibility_timeout": 300,  # seconds until the message of a killed worker is given to another; over task_time_limit
        "unacked_restore_interval": 10,  # seconds between two looks for such messages ...
        "unacked_restore_throttle": 1,  # ... each of them a real one: Celery's own are a hundred seconds apart
        "max_retries": 0,  # waking a worker is a courtesy: a broker that is down must not slow a page
        "socket_connect_timeout": 1,  # seconds
        "socket_timeout": 5,  # nor one that is there and silent; the worker's own waiting (BRPOP) is one second at a time
    }

# --- whose clock decides: what measures how far ours is from it (portal/time/database_clock.py)
DATABASE_CLOCK = "portal.time.database_clock.of_the_database"

# --- who watches it: /readyz and /metrics (portal/watch)
READY_LETTER_LATE = timedelta(seconds=env.number("READY_LETTER_LATE", default=120))
READY_REMINDER_LATE = timedelta(seconds=env.number("READY_REMINDER_LATE", default=120))
METRICS_TOKEN = env.text("METRICS_TOKEN", default="")
METRICS_NETWORKS = env.networks("METRICS_NETWORKS", default=["127.0.0.0/8", "::1/128"] if DEMO else [])
METRICS_FOLDERS = env.names("METRICS_FOLDERS", default=[])  # where the workers of this machine count

_log_format = logs.JSON if env.production else logs.TEXT
LOGGING = logs.configuration(env.choice("LOG_FORMAT", [logs.TEXT, logs.JSON], default=_log_format))

if DEMO:
    # Stand-ins are plugins named here, and portal.system_checks refuses them in production.
    INSTALLED_APPS += ["portal.demo.apps.DemoConfig"]
    IDENTITY_PROVIDERS = IDENTITY_PROVIDERS or [f"portal.demo.identity.Stub{name}" for name in ("Spid", "Cie", "TsCns")]
    WEBHOOK_ADDRESSES = "portal.demo.gestionale.OwnGestionale"  # its own gestionale may be called too
    STUB_IDENTITY_URL = env.address("STUB_IDENTITY_URL", default=PORTAL_URL).rstrip("/")  # where the stubs live
