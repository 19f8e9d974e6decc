"""The settings of the demonstration, the tests and production, read from the environment (env.py, docs/production.md).

`PORTAL_MODE=demo` (the default) answers on loopback only, so that a missing variable never exposes the stub providers.
"""

from datetime import timedelta
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from portal import broker_options, logs
from portal.browser_rules import CONTENT_SECURITY_POLICY, PERMISSIONS_POLICY  # noqa: F401  Django and its apps read them
from portal.env import TEST, Environment, broker_url, cache_url

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment(BASE_DIR)
PORTAL_MODE = env.mode
DEMO = not env.on_the_network
COLLAUDO = env.mode == TEST  # on the network, for software houses (docs/production.md, "A test environment")
VAR_DIR = env.var_dir  # for files outside the database: unfinished downloads, the embedded queue

# --- hosts and secrets
SECRET_KEY = env.secret("SECRET_KEY")
SEALING_KEYS = env.sealing_keys()
DEBUG = False
if env.on_the_network:
    ALLOWED_HOSTS = env.names("ALLOWED_HOSTS")
    PORTAL_URL = env.address("PORTAL_URL", schemes=("https",)).rstrip("/")
else:
    ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]", "testserver"]
    PORTAL_URL = env.address("PORTAL_URL", default="http://127.0.0.1:8000").rstrip("/")
    if env.text("ALLOWED_HOSTS", default=""):
        raise ImproperlyConfigured(
            "ALLOWED_HOSTS is set, but the demonstration answers on this machine only: set PORTAL_MODE=production."
        )

# --- apps, middleware, templates
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
    "django_permissions_policy.PermissionsPolicyMiddleware",
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
# In the session, not in a cookie: an unread message must not outlive the login of its person.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
FORM_RENDERER = "portal.web.form_renderer.PortalFormRenderer"

# --- database, cache, files
DATABASES = {"default": env.database()}
# seconds, 0 for no bound; the reasons are in portal/database/bounds.py
PAGE_STATEMENT_TIMEOUT = env.number("PAGE_STATEMENT_TIMEOUT", default=15)
PAGE_LOCK_TIMEOUT = env.number("PAGE_LOCK_TIMEOUT", default=5)
TASK_STATEMENT_TIMEOUT = env.number("TASK_STATEMENT_TIMEOUT", default=60)
TASK_LOCK_TIMEOUT = env.number("TASK_LOCK_TIMEOUT", default=10)
REDIS_URL = env.redis_url()
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": cache_url(REDIS_URL),
        # seconds: the cache is optional (portal.outbox.waking), so a server that does not answer must not delay a page
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
    }
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}
STATIC_URL = "static/"
# The demonstration serves static files from their source folders and needs no collectstatic.
STATIC_ROOT = env.text("STATIC_ROOT", default=str(BASE_DIR / "staticfiles") if env.on_the_network else "") or None
# The official logos of the identity providers are trademarks: a deployment adds them (docs/identity.md).
IDENTITY_ASSETS = env.text("IDENTITY_ASSETS", default="")
STATICFILES_DIRS = [("identity", IDENTITY_ASSETS)] if IDENTITY_ASSETS else []
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if env.on_the_network
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

# --- identity
AUTH_USER_MODEL = "identity.User"
AUTHENTICATION_BACKENDS = [f"portal.identity.backends.{name}" for name in ("DigitalIdentityBackend", "StaffBackend")]
AUTH_PASSWORD_VALIDATORS = [  # of operators; an utenza has its own rule (sessions/utenze/passwords.py)
    {"NAME": f"portal.identity.staff.passwords.{name}"}
    for name in ("LongEnough", "NotCommon", "NotRepeated", "NotLikeTheOperator", "NotGuessable")
]
IDENTITY_PROVIDERS = env.names("IDENTITY_PROVIDERS", default=[])  # dotted paths; the demonstration has its stubs below
IDENTITY_METADATA = Path(env.text("IDENTITY_METADATA", default=str(VAR_DIR / "identity")))  # of the identity providers
IDENTITY_TEST_HOSTS = env.names("IDENTITY_TEST_HOSTS", default=[])  # test environments, during an acceptance only
IDENTITY_REGISTRIES = {  # scheme: address of its registry, PEM of the registry's signer (`manage.py identity_providers`)
    "spid": (
        env.address("SPID_REGISTRY_URL", default="https://registry.spid.gov.it/metadata/idp/spid-entities-idps.xml"),
        env.text("SPID_REGISTRY_CERTIFICATE", default=""),
    ),
    "cie": (
        env.address("CIE_REGISTRY_URL", default="https://idserver.servizicie.interno.gov.it/idp/shibboleth?Metadata"),
        env.text("CIE_REGISTRY_CERTIFICATE", default=""),
    ),
}
# the second button of SPID, for identities for professional use, and the Purpose of its requests (docs/identity.md)
SPID_PROFESSIONAL = env.flag("SPID_PROFESSIONAL", default=False)
SPID_PURPOSE = env.choice("SPID_PURPOSE", ["P", "LP", "PG", "PF", "PX"], default="P")
SAML_ENTITY_ID = env.text("SAML_ENTITY_ID", default=PORTAL_URL)  # of the portal, for SPID and CIE
SAML_PRIVATE_KEY = env.text("SAML_PRIVATE_KEY", default="")  # PEM; better as SAML_PRIVATE_KEY_FILE
SAML_CERTIFICATE = env.text("SAML_CERTIFICATE", default="")  # PEM, of that key
SAML_ORGANISATION = env.text("SAML_ORGANISATION", default="")  # TOML; better as SAML_ORGANISATION_FILE
OIDC_PROVIDER = env.address("OIDC_PROVIDER", default="https://oidc.idserver.servizicie.interno.gov.it")  # of CIE
OIDC_TRUST_ANCHOR = env.address(  # of CIE's federation
    "OIDC_TRUST_ANCHOR", default="https://oidc.registry.servizicie.interno.gov.it"
)
OIDC_TRUST_ANCHOR_KEYS = env.text("OIDC_TRUST_ANCHOR_KEYS", default="")  # JWK Set, got out of band; better as _FILE
OIDC_AUTHORITY_HINTS = env.names("OIDC_AUTHORITY_HINTS", default=[])  # the superior entities, if not the trust anchor
OIDC_TRUST_MARKS = env.text("OIDC_TRUST_MARKS", default="")  # JWTs of the portal, one per line; better as _FILE
OIDC_FEDERATION_KEYS = env.text("OIDC_FEDERATION_KEYS", default="")  # PEM, as the next two; several during a rotation
OIDC_SIGNING_KEYS = env.text("OIDC_SIGNING_KEYS", default="")
OIDC_ENCRYPTION_KEYS = env.text("OIDC_ENCRYPTION_KEYS", default="")
CNS_URL = env.address("CNS_URL", default="").rstrip("/")  # the host that asks for cards: https, not PORTAL_URL's host
CNS_PROXY_SECRET = env.text("CNS_PROXY_SECRET", default="")  # proves that headers about a card come from nginx
CNS_POLICIES = env.names("CNS_POLICIES", default=["1.3.76.16.2.1"])  # of accepted certificates (CNS, AgID)
CNS_FOLDER = Path(env.text("CNS_FOLDER", default=str(VAR_DIR / "cns")))  # the files that nginx trusts: ca.pem, crl.pem
CNS_TRUST_LIST = env.text("CNS_TRUST_LIST", default="https://eidas.agid.gov.it/TL/TSL-IT.xml")
CNS_TRUST_LIST_SIGNERS = env.text("CNS_TRUST_LIST_SIGNERS", default="")  # PEM: one or more signers of that list
CNS_REVOCATION_LISTS = env.names("CNS_REVOCATION_LISTS", default=[])  # addresses or files
LOGIN_URL = "identity:choose"
LOGIN_PENDING_FOR = timedelta(minutes=10)
LOGINS_FROM_A_PLACE = env.number("LOGINS_FROM_A_PLACE", default=300, least=1)  # begun in five minutes
LOGINS_IN_ALL = env.number("LOGINS_IN_ALL", default=20_000, least=1)
FRESH_AUTHENTICATION_FOR = STEP_UP_FOR = timedelta(minutes=10)  # of people; of operators, before grave acts
STAFF_REQUIRE_EMAIL = env.flag("STAFF_REQUIRE_EMAIL", default=False)  # of every operator, for news about the access
STAFF_REQUIRE_PASSKEY = env.flag("STAFF_REQUIRE_PASSKEY", default=False)  # as second factor of every operator
OTP_TOTP_ISSUER = "Portale Farmacie"
PASSWORD_HASHERS = ["portal.secrets.hashing.Argon2idHasher"]
SESSION_LASTS_FOR = timedelta(hours=8)  # a working day, even if active; then the person signs in again
SESSION_IDLE_FOR = timedelta(minutes=30)  # a shop's computer is left unattended; certifying takes less, letter included
SESSION_COOKIE_AGE = int(SESSION_LASTS_FOR.total_seconds())  # retention deletes a session unused for this long
SESSION_ENGINE = "portal.secrets.session_store"  # hashed keys, sealed data
SESSION_COOKIE_SAMESITE = "Lax"  # not Strict: the redirect from the identity provider comes from another site
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "portal.web.errors.csrf_failure"

# --- https, in production
SECURE_COOKIES = PORTAL_URL.startswith("https://")  # always in production
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_COOKIES
SESSION_COOKIE_NAME = "__Host-sessionid" if SECURE_COOKIES else "sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken" if SECURE_COOKIES else "csrftoken"
SECURE_SSL_REDIRECT = env.on_the_network
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]  # requested by machines on a private address
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.on_the_network else None
SECURE_HSTS_SECONDS = int(timedelta(days=365).total_seconds()) if env.on_the_network else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = env.on_the_network
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_TRUSTED_ORIGINS = [PORTAL_URL] if env.on_the_network else []
# CONTENT_SECURITY_POLICY, PERMISSIONS_POLICY: portal/browser_rules.py
CLIENT_PROXIES = env.number("CLIENT_PROXIES", default=1, least=1)  # in front, each adds to X-Forwarded-For
SECURITY_CONTACT = env.text("SECURITY_CONTACT", default="")  # of /.well-known/security.txt; "": the page «Assistenza»

# --- letters: EMAIL_BACKEND writes them to the outbox, a worker hands them to the SMTP server of EMAIL_URL
vars().update(env.email())
EMAIL_BACKEND = "portal.outbox.backend.OutboxBackend"
# seconds that the SMTP server may take for each of its four answers; OUTBOX_LEASE must exceed all four, see outbox.E001
EMAIL_TIMEOUT = env.number("EMAIL_TIMEOUT", default=20, least=1)
OUTBOX_LEASE = timedelta(seconds=env.number("OUTBOX_LEASE", default=90, least=1))
EMAIL_OWN_DOMAINS = env.names("EMAIL_OWN_DOMAINS", default=[])  # mailboxes of that server; `*`: all. It relays others
RELAY_SILENT_FOR = timedelta(hours=env.number("RELAY_SILENT_HOURS", default=24))  # without a report it has arrived
# A mailbox is dead after this many final refusals in a row, over this long, with no delivery between:
REFUSALS_IN_A_ROW = env.number("REFUSALS_IN_A_ROW", default=5, least=1)
REFUSALS_FOR = timedelta(hours=env.number("REFUSALS_HOURS", default=48))
# With more dead mailboxes than this in an hour, none is marked until an operator decides:
DEAD_MAILBOXES_OF_A_DOMAIN = env.number("DEAD_MAILBOXES_OF_A_DOMAIN", default=5)
DEAD_MAILBOXES_IN_ALL = env.number("DEAD_MAILBOXES_IN_ALL", default=20)
MAIL_DOMAIN = env.domain("MAIL_DOMAIN", default=None if env.on_the_network else "portale-farmacie.example")
DEFAULT_FROM_EMAIL = env.mailbox("DEFAULT_FROM_EMAIL", default=f"Portale Farmacie <no-reply@{MAIL_DOMAIN}>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
BOUNCE_DOMAIN = env.domain("BOUNCE_DOMAIN", default="")  # for reports about letters; "": they go to the sender
BOUNCE_SECRET = env.webhook_secret("BOUNCE_SECRET")  # signs the reports that a relay posts; "": none is accepted
CHECK_MX = env.flag("CHECK_MX", default=env.on_the_network)  # of a pharmacy's address

# --- conditions before an import of the national register closes a pharmacy (docs/register.md)
REGISTER_ABSENT_FILES = env.number("REGISTER_ABSENT_FILES", default=3)
REGISTER_WHOLE_PERCENT = env.number("REGISTER_WHOLE_PERCENT", default=99)
REGISTER_CLOSINGS = env.number("REGISTER_CLOSINGS", default=5)
REGISTER_CLOSINGS_PER_THOUSAND = env.number("REGISTER_CLOSINGS_PER_THOUSAND", default=5)
REGISTER_FARMACIE_URL = env.address("REGISTER_FARMACIE_URL", default="")  # searched every night; "": not searched
REGISTER_PARAFARMACIE_URL = env.address("REGISTER_PARAFARMACIE_URL", default="")
REGISTER_HOSTS = env.names("REGISTER_HOSTS", default=[])  # other hosts that the page may link to
REGISTER_USER_AGENT = env.text("REGISTER_USER_AGENT", default="portale-farmacie")
REGISTER_STALE_AFTER = timedelta(days=env.number("REGISTER_STALE_DAYS", default=3, least=1))  # of the last whole file

# --- people and accounts, see docs/people.md
# days to confirm an address that a former holder certified; delegations without a holder last as long
SUCCESSION_FOR = timedelta(days=env.number("SUCCESSION_DAYS", default=30, least=1))
# days in which the titolare confirms an address that came from the administration's former system
IMPORTED_ADDRESS_FOR = timedelta(days=env.number("IMPORTED_ADDRESS_DAYS", default=60, least=1))

# --- reminders: how long before the end of an id a reopening must be to take a reminder that falls in a closure
REMINDER_REOPENING_LEAVES = timedelta(minutes=env.number("REMINDER_REOPENING_LEAVES", default=30))

# --- the web service of the gestionali (docs/contract.md, sections 3 and 5)
A2F_MODE = env.choice("A2F_MODE", ["TEST", "PRODUCTION"], default="PRODUCTION" if env.production else "TEST")
A2F_PRIVATE_KEY = env.text("A2F_PRIVATE_KEY", default="")  # PEM, to keep the key of the pincode out of the database
A2F_MAX_ADDRESSES_A_DAY = env.number("A2F_MAX_ADDRESSES_A_DAY", default=8, least=1)  # more block the utenza
# the signed assertion for the central system (docs/production.md, "The signed assertion"); better as SAR_PRIVATE_KEY_FILE
SAR_PRIVATE_KEY, SAR_CERTIFICATE = env.text("SAR_PRIVATE_KEY", default=""), env.text("SAR_CERTIFICATE", default="")
SAR_ISSUER, SAR_LOCALITY = env.text("SAR_ISSUER", default=""), env.text("SAR_LOCALITY", default="")
SAR_CONFIDENTIALITY = env.text("SAR_CONFIDENTIALITY", default="")
SAR_VALID_FOR = timedelta(minutes=env.number("SAR_VALID_MINUTES", default=30, least=5))
# the rule for addresses of gestionali; the demonstration and tests allow this machine
WEBHOOK_ADDRESSES = "portal.demo.gestionale.OwnGestionale" if DEMO else "sessions.webhooks.addresses.PublicHttps"

# --- the staff's desk: counters shared by many operators are cached
DESK_KEPT_FOR = timedelta(seconds=10)  # maximum age of the counters; 0 counts at every request

# --- names of the administration that runs the portal
OWNER_NAME = env.text("OWNER_NAME", default="Ente titolare del servizio")
ASSISTANCE_PHONE = env.text("ASSISTANCE_PHONE", default="800 000 000")
ASSISTANCE_HOURS = env.text("ASSISTANCE_HOURS", default="lun–sab 8:00–20:00")

# --- background work: see portal/celery.py for the timetable
CELERY_BROKER_URL = broker_url(REDIS_URL) or "filesystem://"
CELERY_BROKER_TRANSPORT_OPTIONS = broker_options.of_redis() if REDIS_URL else broker_options.of_a_folder(env.folder)

# --- the function that measures the clock's offset from the database (portal/time/database_clock.py)
DATABASE_CLOCK = "portal.time.database_clock.of_the_database"
CLOCK_MOVED = "" if env.production else "portal.demo.clock.moving.moved_by"  # portal/time/moved.py

# --- monitoring: /readyz and /metrics (portal/watch)
READY_LETTER_LATE = timedelta(seconds=env.number("READY_LETTER_LATE", default=120))
READY_REMINDER_LATE = timedelta(seconds=env.number("READY_REMINDER_LATE", default=120))
METRICS_TOKEN = env.text("METRICS_TOKEN", default="")
METRICS_NETWORKS = env.networks("METRICS_NETWORKS", default=["127.0.0.0/8", "::1/128"] if DEMO else [])
METRICS_FOLDERS = env.names("METRICS_FOLDERS", default=[])  # of the counters of this machine's workers

_log_format = logs.JSON if env.on_the_network else logs.TEXT
LOGGING = logs.configuration(env.choice("LOG_FORMAT", [logs.TEXT, logs.JSON], default=_log_format))

if not env.production:
    # The stubs are plugins; portal.system_checks refuses them in production.
    INSTALLED_APPS += ["portal.demo.apps.DemoConfig"]
    IDENTITY_PROVIDERS = IDENTITY_PROVIDERS or [f"portal.demo.identity.Stub{name}" for name in ("Spid", "Cie", "TsCns")]
    STUB_IDENTITY_URL = env.address("STUB_IDENTITY_URL", default=PORTAL_URL).rstrip("/")  # the address of the stubs
