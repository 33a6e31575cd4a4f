"""The settings, read top to bottom. Machines differ only by their environment."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

import django_stubs_ext
from botocore.config import Config
from celery.schedules import crontab
from csp.constants import NONE, SELF
from kombu import Queue
from redis.backoff import NoBackoff
from redis.retry import Retry

from posture.env import Environment

# Lets forms and admins name their model as a type argument.
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent

env = Environment(os.environ)

# --- where this process runs ----------------------------------------------------------------------

# LOCAL is for one machine without TLS: cookies without the Secure mark, SQLite, a mailbox page.
LOCAL = env.flag("LOCAL")
DEBUG = env.flag("DEBUG")
SECRET_KEY = env.secret("SECRET_KEY")
SECRET_KEY_FALLBACKS = env.items("SECRET_KEY_FALLBACKS")
VAR = env.folder("POSTURE_VAR", BASE_DIR / "var")
HOST = env.text("HOST", "127.0.0.1")
PORT = env.number("PORT", 8000, minimum=1)
ALLOWED_HOSTS = env.items("ALLOWED_HOSTS") or (
    ["localhost", "127.0.0.1", "[::1]", HOST] if LOCAL else []
)
if LOCAL and HOST in ("0.0.0.0", "::"):  # noqa: S104  # compared, not bound
    # Bound to every interface: whoever can reach it may name it as they reach it.
    ALLOWED_HOSTS = ["*"]
CSRF_TRUSTED_ORIGINS = env.items("CSRF_TRUSTED_ORIGINS")
SITE_URL = env.text("SITE_URL", f"http://{HOST}:{PORT}" if LOCAL else None).rstrip("/")

# --- the application ------------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "corsheaders",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "accounts",
    "assessments",
    "reports",
    "posture",
]
MIDDLEWARE = [
    # Outermost, so that static files, redirects and refusals carry the headers too.
    "posture.middleware.headers.SecurityHeaders",
    "posture.middleware.requestid.RequestId",
    "posture.middleware.requestlog.RequestLog",
    "posture.metrics.Measure",
    "posture.middleware.probes.ProbesByAddress",
    "csp.middleware.CSPMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "posture.middleware.api.Api",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "posture.middleware.compression.Compression",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "posture.middleware.limits.BodyLimit",
    "posture.middleware.unavailable.Unavailable",
    # Before anything that touches a session: what is bound for elsewhere must do nothing here.
    "posture.middleware.regions.Regions",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "posture.middleware.idle.Idle",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    # Inside allauth's: what waits for the commit may still need its request.
    "posture.middleware.subject.RowsOfTheirOwn",
    "posture.middleware.headers.NoStore",
]
ROOT_URLCONF = "posture.urls"
WSGI_APPLICATION = "posture.wsgi.application"
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
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en-gb"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# --- database, cache, files -----------------------------------------------------------------------

DATABASES = {"default": env.database("DATABASE_URL", VAR / "posture.sqlite3")}
DATABASE_ROUTERS = ["posture.database.router.PrimaryAndReplica"]
# Under these an administrator is staff and sees everybody's rows.
STAFF_PATHS = ("/console/", "/api/admin/", "/api/v1/admin/")
# Under these a colleague with a link sees what its owner has asked them.
COLLEAGUE_PATHS = ("/shared/",)
if DATABASES["default"].get("ENGINE") == "django.db.backends.sqlite3":
    # Without these half of all simultaneous saves are refused; posture.checks insists on them.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
    # A file, as in use: in memory, threads refuse each other instead of waiting.
    DATABASES["default"]["TEST"] = {"NAME": str(VAR / "test.sqlite3")}
if env.text("REPLICA_URL", ""):
    DATABASES["replica"] = env.database("REPLICA_URL", VAR / "replica.sqlite3")
    DATABASES["replica"]["TEST"] = {"MIRROR": "default"}
for _alias, _database in DATABASES.items():
    if _database.get("ENGINE") == "posture.database":
        # Borrowed for a request and given back; a broken one is replaced before it is lent.
        _database["CONN_HEALTH_CHECKS"] = True
        _database["OPTIONS"]["pool"] = {
            "min_size": 1,
            "max_size": env.number("DATABASE_POOL", 8, minimum=1),
            "max_idle": 60,
            # A server that is back is used again within seconds: its tries grow rare with time,
            # and begin anew with the request after the last.
            "reconnect_timeout": 5,
            # Without a replica a page is read elsewhere, and had better not wait for it.
            "timeout": 10 if _alias == "default" else 2,
        }
# Where this process runs, and where the primary database and the administrators are served. Without
# a name there is one region, and requests stay where they are. On Fly.io the platform says it.
REGION = env.text("REGION", env.text("FLY_REGION", ""))
PRIMARY_REGION = env.text("PRIMARY_REGION", "")
ADMIN_REGION = env.text("ADMIN_REGION", PRIMARY_REGION)
# These read files, which lie on a volume of the primary region unless storage is elsewhere.
VIEWS_OF_FILES = {
    "reports:download",
    "reports:everything",
    "admin:reports_report_preview",
    *(f"{api}:{name}" for api in ("api", "api-unversioned") for name in ("download", "my-data")),
}
REDIS_URL = env.text("REDIS_URL", "")
# How long a page waits for a Redis that is gone or silent, before it goes on without.
REDIS_PATIENCE = {"socket_connect_timeout": 1, "socket_timeout": 1}
REDIS_TLS = (
    {
        "ssl_cert_reqs": ssl.CERT_REQUIRED,
        "ssl_check_hostname": True,
        "ssl_ca_certs": env.text("REDIS_CA", "") or None,
    }
    if REDIS_URL.startswith("rediss://")
    else {}
)
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        # The client's own retries would keep a page for seven seconds.
        "OPTIONS": {**REDIS_PATIENCE, **REDIS_TLS, "retry": Retry(NoBackoff(), 0)},
    }
    if REDIS_URL
    else {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": VAR / "cache",
    }
}
# Where web and worker run on several machines, the reports lie in a bucket of an S3 service.
FILES_BUCKET = env.text("FILES_BUCKET", "")
STORAGES = {
    "default": {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": FILES_BUCKET,
            "endpoint_url": env.text("FILES_ENDPOINT", "") or None,
            "region_name": env.text("FILES_REGION", "auto"),
            "access_key": env.text("FILES_KEY"),
            "secret_key": env.text("FILES_SECRET"),
            "file_overwrite": False,
            "client_config": Config(
                connect_timeout=5,
                read_timeout=20,
                retries={"total_max_attempts": 3},
                # Services other than Amazon's do not all know its newer checksums.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                s3={"addressing_style": "path"},
                signature_version="s3v4",
            ),
        },
    }
    if FILES_BUCKET
    else {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "posture.staticfiles.HashedStaticFiles"
        if LOCAL
        else "posture.staticfiles.CompressedStaticFiles"
    },
}
MEDIA_ROOT = VAR / "media"
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
STATIC_URL = "/static/"
STATIC_ROOT = env.folder("STATIC_ROOT", VAR / "static")
STATICFILES_DIRS = [BASE_DIR / "static"]

# Counts for limits: every process must see the same, and lose none.
CACHES["limits"] = (
    CACHES["default"]
    if REDIS_URL
    else {"BACKEND": "posture.counters.FileCounters", "LOCATION": VAR / "limits.sqlite3"}
)
RATELIMIT_USE_CACHE = "limits"

# --- people ---------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.BCryptSHA256PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "accounts.passwords.MaximumLengthValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "full_name", "company_name")},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "assessments:dashboard"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_SIGNUP_FORM_CLASS = "accounts.forms.SignupDetails"
ACCOUNT_FORMS = {
    "login": "accounts.entrance.LoginForm",
    "signup": "accounts.entrance.SignupForm",
    "reset_password": "accounts.entrance.ResetPasswordForm",
    "reset_password_from_key": "accounts.entrance.ResetPasswordKeyForm",
    "change_password": "accounts.entrance.ChangePasswordForm",
    "add_email": "accounts.entrance.AddEmailForm",
    "reauthenticate": "accounts.entrance.ReauthenticateForm",
    "confirm_email_verification_code": "accounts.entrance.ConfirmEmailVerificationCodeForm",
    "confirm_password_reset_code": "accounts.entrance.ConfirmPasswordResetCodeForm",
}
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
# Codes rather than links: nothing changes by opening a page, and mail scanners click nothing.
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_TIMEOUT = 15 * 60
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
ACCOUNT_PASSWORD_RESET_BY_CODE_TIMEOUT = 15 * 60
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_LOGOUT_REDIRECT_URL = "home"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_RATE_LIMITS = {
    "login": "10/m/ip",
    "login_failed": "10/m/ip,5/5m/key",
    "signup": "5/m/ip",
    "reset_password": "10/m/ip,5/h/key",
    "reset_password_from_key": "10/m/ip",
    "confirm_email": "10/m/ip,3/5m/key",
    "change_email": "5/m/user",
    "change_password": "5/m/user",
    "manage_email": "10/m/user",
    "reauthenticate": "10/m/user",
}
# Where an account has an authenticator, its code is asked after the password.
MFA_SUPPORTED_TYPES = ["totp"]
MFA_TOTP_ISSUER = "Posture"
# Opens the console only to an administrator who gave the code of an authenticator.
ADMIN_SECOND_FACTOR = env.flag("ADMIN_SECOND_FACTOR", not LOCAL)
MFA_ADAPTER = "accounts.adapter.SecondFactorAdapter"

# The header in which a proxy names the client; empty where there is no proxy. It is believed
# only from these networks, or anybody could name themselves.
CLIENT_IP_HEADER = env.text("CLIENT_IP_HEADER", "")
TRUSTED_PROXIES = env.networks("TRUSTED_PROXIES")

# The networks from which a monitor may read /metrics; without any there are no metrics.
METRICS_FROM = env.networks("METRICS_FROM")

# A session ends after so long; after half an hour where nobody uses it (accounts.idling).
SESSION_COOKIE_AGE = 12 * 60 * 60
# Asked by a page while nobody does anything: no use of a session.
VIEWS_OF_SCRIPTS = {"reports:status"}
SESSION_COOKIE_NAME = "posture-session" if LOCAL else "__Host-session"
SESSION_COOKIE_SECURE = not LOCAL
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = "posture-csrf" if LOCAL else "__Host-csrf"
CSRF_COOKIE_SECURE = not LOCAL
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Strict"
CSRF_FAILURE_VIEW = "posture.views.csrf_failure"
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"

# --- what every response says to the browser ------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
}
SECURE_HSTS_SECONDS = 0 if LOCAL else 2 * 365 * 24 * 60 * 60
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SECURE_SSL_REDIRECT = not LOCAL
# The API refuses what is not encrypted (posture.middleware.api).
SECURE_REDIRECT_EXEMPT = [r"^health(/|$)", r"^api/"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if not LOCAL else None
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
MAX_BODY_BYTES = 1_000_000
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_BODY_BYTES
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000

# --- mail -----------------------------------------------------------------------------------------

MAILBOX = VAR / "mail"
_smtp = env.mail("EMAIL_URL")
EMAIL_BACKEND = "accounts.mail.QueuedBackend"
# What the worker sends with: a mail server, or files in the local mailbox.
MAIL_STAYS_HERE = not _smtp
EMAIL_DELIVERY_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend"
    if _smtp
    else "django.core.mail.backends.filebased.EmailBackend"
)
EMAIL_FILE_PATH = MAILBOX
EMAIL_HOST = _smtp.get("EMAIL_HOST", "localhost")
EMAIL_PORT = _smtp.get("EMAIL_PORT", 25)
EMAIL_HOST_USER = _smtp.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = _smtp.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = _smtp.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = _smtp.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.text(
    "DEFAULT_FROM_EMAIL", "Posture <posture@localhost>" if LOCAL else None
)
# Who is told that a respondent wants to be called; without it every administrator is.
CONSULTATION_EMAIL = env.text("CONSULTATION_EMAIL", "")
# Messages can be read at /mailbox/ where no mail server is set and only this machine can ask.
MAILBOX_PAGE = LOCAL and MAIL_STAYS_HERE and HOST in ("127.0.0.1", "localhost", "::1")

# --- background work ------------------------------------------------------------------------------

CELERY_BROKER_URL = REDIS_URL or "filesystem://localhost"
BROKER_FOLDER = VAR / "broker"
BROKER_CONTROL_FOLDER = VAR / "broker-control"
# Unless told, the broker's client believes any certificate.
CELERY_BROKER_USE_SSL = REDIS_TLS or None
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {
        # A message that nobody acknowledged goes to another worker after so long. Longer than
        # any task may run, or it would run twice, and than a message waits to be tried again.
        "visibility_timeout": 900,
        "unacked_restore_interval": 10,
        "unacked_restore_throttle": 1,
        "socket_connect_timeout": 1,
        "socket_timeout": 3,
        "socket_keepalive": True,
    }
    if REDIS_URL
    else {
        "data_folder_in": str(BROKER_FOLDER),
        "data_folder_out": str(BROKER_FOLDER),
        "control_folder": str(BROKER_CONTROL_FOLDER),
    }
)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_CONNECTION_TIMEOUT = 1
# A page that has something to send tries twice; what is owed to a row, the reaper sends.
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0.1, "interval_max": 0.1}
# Messages that are quickly done, mail above all, do not queue behind a hundred reports: a worker
# takes from both queues in turn.
CELERY_TASK_QUEUES = (Queue("celery"), Queue("reports"))
CELERY_TASK_ROUTES = {
    "reports.tasks.produce_report": {"queue": "reports"},
    "reports.tasks.produce_enhanced_report": {"queue": "reports"},
}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SOFT_TIME_LIMIT = 120
CELERY_TASK_TIME_LIMIT = 150
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# A report leaves 100 MB behind: 156 MB before the first, 265 after the third. In kilobytes.
CELERY_WORKER_MAX_TASKS_PER_CHILD = 100
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 350_000
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_BEAT_SCHEDULE = {
    "resend-stalled-reports": {
        "task": "reports.tasks.resend_stalled_reports",
        "schedule": 15.0,
        "options": {"expires": 60},
    },
    "heartbeat": {
        "task": "posture.tasks.heartbeat",
        "schedule": 15.0,
        "options": {"expires": 60},
    },
    "expire-assessments": {
        "task": "assessments.tasks.expire_assessments",
        "schedule": 10 * 60.0,
    },
    "remind": {"task": "assessments.tasks.remind", "schedule": 30 * 60.0},
    # By the clock: a scheduler that starts anew each day would never have waited a whole one.
    "clear-tokens": {"task": "accounts.tasks.clear_tokens", "schedule": crontab("20", "3")},
    "clear-sessions": {"task": "accounts.tasks.clear_sessions", "schedule": crontab("10", "3")},
}

# --- the API --------------------------------------------------------------------------------------

# Keys that sign tokens; `manage.py token_keys` makes and changes them.
TOKEN_KEYS = env.folder("TOKEN_KEYS", VAR / "token-keys")
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["posture.authentication.Authentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["accounts.encoding.JsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["accounts.encoding.JsonParser"],
    "DEFAULT_SCHEMA_CLASS": "accounts.described.Schema",
    "EXCEPTION_HANDLER": "posture.api.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SIMPLE_JWT = {"ALGORITHM": "RS256", "USER_ID_CLAIM": "sub", "UPDATE_LAST_LOGIN": False}
SPECTACULAR_SETTINGS = {
    "TITLE": "Posture",
    "DESCRIPTION": "Security posture assessments: answer, score, plan, report.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "PREPROCESSING_HOOKS": ["posture.openapi.only_versioned"],
    "POSTPROCESSING_HOOKS": ["posture.openapi.no_decoration"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "/static/img/favicon.svg",
    "ENABLE_DJANGO_DEPLOY_CHECK": False,
}
# Frontends of other origins. With cookies they must be of the same site as the API.
CORS_ALLOWED_ORIGINS = env.items("CORS_ALLOWED_ORIGINS")
CORS_URLS_REGEX = r"^/api/"
CORS_ALLOW_CREDENTIALS = True
CORS_ALLOW_HEADERS = [
    "accept",
    "authorization",
    "content-type",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "x-csrftoken",
    "x-request-id",
]
CORS_EXPOSE_HEADERS = [
    "ETag",
    "Retry-After",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "X-Request-Id",
    "Idempotency-Replayed",
    "Deprecation",
    "Sunset",
]
CSRF_TRUSTED_ORIGINS += CORS_ALLOWED_ORIGINS

# --- rules of the house ---------------------------------------------------------------------------

ASSESSMENT_DAYS = env.number("ASSESSMENT_DAYS", 15, minimum=1)
RETAKES_PER_YEAR = env.number("RETAKES_PER_YEAR", 3, minimum=1)

# --- AI-enhanced reports --------------------------------------------------------------------------

# Without a key there is no AI text, and every report says so.
OPENAI_API_KEY = env.text("OPENAI_API_KEY", "")
# A private service that speaks the same protocol; empty for OpenAI's own.
OPENAI_BASE_URL = env.text("OPENAI_BASE_URL", "")
OPENAI_MODEL = env.text("OPENAI_MODEL", "gpt-5.5")
# Requests of one report that are under way at the same time.
AI_CONCURRENCY = env.number("AI_CONCURRENCY", 4, minimum=1)
AI_REPORTS_PER_DAY = env.number("AI_REPORTS_PER_DAY", 5, minimum=1)
# What the console reckons with, in cents for a million tokens; 0 shows tokens alone.
AI_INPUT_PRICE = env.number("AI_INPUT_PRICE", 0)
AI_OUTPUT_PRICE = env.number("AI_OUTPUT_PRICE", 0)

# --- logs -----------------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"},
        "json": {"()": "posture.logs.JsonLines"},
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "line" if LOCAL else "json"}
    },
    "root": {"handlers": ["console"], "level": env.text("LOG_LEVEL", "INFO")},
    "loggers": {
        "django": {"handlers": [], "propagate": True},
        "django.server": {"handlers": [], "propagate": True},
        # On a machine of one's own, a line for each request would only be in the way.
        "posture.requests": {"level": "WARNING" if LOCAL else "INFO"},
        # Its warnings repeat each refusal with its address, which may hold what somebody typed.
        "django.request": {"level": "ERROR"},
        # They report every step of every page.
        "weasyprint": {"level": "ERROR"},
        "weasyprint.progress": {"level": "ERROR"},
        "fontTools": {"level": "WARNING"},
        # A line for each request to the AI service.
        "httpx2": {"level": "WARNING"},
    },
}

if not LOCAL and not ALLOWED_HOSTS:
    env.wrong("ALLOWED_HOSTS is not set")
env.check()
