"""Settings of Peersupport. Every deployment choice is an environment variable; see README.

Defaults are the embedded set-up: SQLite, job workers that poll, no broker, one machine.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

from peersupport import logs
from peersupport.env import envbool, envchoice, envint, envlist, envsecret, envstr, refuse_weak_secret

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(envstr("DATA_DIR", str(BASE_DIR / "data")))
DATA_DIR.mkdir(parents=True, exist_ok=True)

DEBUG = envbool("DEBUG", False)
LOCAL_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
ALLOWED_HOSTS = envlist("ALLOWED_HOSTS") or LOCAL_HOSTS
BEHIND_PROXY, CSRF_TRUSTED_ORIGINS = envbool("BEHIND_PROXY", False), envlist("CSRF_TRUSTED_ORIGINS")
# Whoever names a proxy or other origins serves others, whatever name the proxy asks us by.
IS_LOCAL = set(ALLOWED_HOSTS) <= set(LOCAL_HOSTS) and not BEHIND_PROXY and not CSRF_TRUSTED_ORIGINS
# Served to others, the key must come from outside; on one machine it is made once and kept.
SECRET_KEY = envsecret("SECRET_KEY", fallback_file=DATA_DIR / "secret_key" if IS_LOCAL else None)
if not IS_LOCAL:
    if DEBUG:
        raise ImproperlyConfigured("DEBUG shows internals to visitors: it works on localhost only")
    refuse_weak_secret("SECRET_KEY", SECRET_KEY)

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.staticfiles",
    "django_htmx",
    "axes",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "peersupport",
    "skills",
    "feedback",
]

MIDDLEWARE = [
    "peersupport.access_log.AccessLogMiddleware",
    "peersupport.headers.SecurityHeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "peersupport.people.gate.FormAddressMiddleware",
    "peersupport.people.gate.SignedInMiddleware",
    "peersupport.people.gate.SecondFactorMiddleware",
    "peersupport.people.timezones.TimeZoneMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "peersupport.urls"
ASGI_APPLICATION = "peersupport.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "peersupport.people.context.navigation",
            ],
        },
    },
]

DATABASES = {
    "default": dj_database_url.parse(
        envstr("DATABASE_URL") or f"sqlite:///{DATA_DIR / 'peersupport.sqlite3'}"
    )
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA secure_delete=ON;",
    }
    # A file, not memory: tests with several connections meet the locks that production has.
    DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}
else:
    DATABASES["default"]["ENGINE"] = "peersupport.postgresql"
    # Apart from the URL, so that it can come from a file (DATABASE_PASSWORD_FILE).
    if password := envstr("DATABASE_PASSWORD"):
        DATABASES["default"]["PASSWORD"] = password
    DATABASES["default"]["CONN_MAX_AGE"] = 0  # the pool keeps connections, not the request
    DATABASES["default"].setdefault("OPTIONS", {})["pool"] = {
        "reconnect_timeout": 5,  # then whoever asks next tries again; longer pauses would outlast an outage
        "min_size": 1,
        "max_size": envint("DATABASE_POOL", 10, minimum=1),
        "timeout": 10,
    }
    # A process that froze in the middle of a transaction keeps its locks so long and no longer.
    _idle = f"idle_in_transaction_session_timeout={envint('DATABASE_IDLE_SECONDS', 120, minimum=5)}s"
    _options = DATABASES["default"]["OPTIONS"]
    _options["options"] = f"-c {_idle} {_options.get('options', '')}".strip()
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# People
AUTH_USER_MODEL = "peersupport.User"
LOGIN_URL = "people:login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "people:login"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "peersupport.people.backends.CarryingBackend",
]
# Guessing passwords: after some wrong ones a name rests, wherever the tries come from.
AXES_FAILURE_LIMIT = envint("LOGIN_TRIES", 8, minimum=1)
AXES_COOLOFF_TIME = timedelta(minutes=envint("LOGIN_REST_MINUTES", 10, minimum=1))
AXES_LOCKOUT_PARAMETERS = ["username"]
# The check asks for the address too: then as many tries would be free as an attacker has addresses.
SILENCED_SYSTEM_CHECKS = ["axes.W006"]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_TEMPLATE = "people/locked.html"
AXES_DISABLE_ACCESS_LOG = True  # who signed in and out stands in the audit log
AXES_VERBOSE = False
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
# Trainers and admins need a code from their phone as well, wherever the site is served to others.
SECOND_FACTOR = envbool("SECOND_FACTOR", not IS_LOCAL)
OTP_TOTP_ISSUER = "Peersupport"

# Browser security: HTTPS is the rule wherever the site is served to others.
HTTPS = envbool("HTTPS", not IS_LOCAL)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_AGE = 60 * 60 * 12
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
# A browser takes a __Host- cookie from this host and over HTTPS only: no neighbour can plant one.
SESSION_COOKIE_NAME = "__Host-sessionid" if HTTPS else "sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken" if HTTPS else "csrftoken"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
# A message has 4,000 characters; files in a form are dropped unread, but for the one page that takes one.
REQUEST_MAX_BYTES = DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
FILE_UPLOAD_HANDLERS = []
# An hour of chat is some 50 KB of text. The body of that page's form may be a little longer than the file.
TRANSCRIPT_MAX_BYTES = 2 * 1024 * 1024
LONGER_BODIES = {"/transcripts/new/": 3 * 1024 * 1024}
TRANSCRIPT_DRAFT_HOURS = 24
# The tables of an outcome study: streamed to DATA_DIR/studies, and longer bodies are an admin's alone.
STUDY_UPLOAD_MB = envint("STUDY_UPLOAD_MB", 1024, minimum=1)
STUDY_KEEP_DAYS = envint("STUDY_KEEP_DAYS", 7, minimum=1)  # files that nobody ran a study on
ADMIN_BODIES = {"/studies/new/": (STUDY_UPLOAD_MB + 1) * 1024 * 1024}

# How long you keep backups: what was erased is in them until then, and the page of own data says so.
BACKUP_DAYS = envint("BACKUP_DAYS", 30, minimum=0)

# How long chats are kept after they ended; 0: until somebody erases them.
RETENTION_DAYS = envint("RETENTION_DAYS", 0, minimum=0)

# How long a link works with which an invited person chooses a password.
INVITE_DAYS = envint("INVITE_DAYS", 14, minimum=1)
PASSWORD_RESET_TIMEOUT = 86_400 * INVITE_DAYS

# Your policy: whether volunteers may keep new chats from their trainers. Everybody is told which it is.
VOLUNTEERS_CHOOSE_SHARING = envbool("VOLUNTEERS_CHOOSE_SHARING", False)

LANGUAGE_CODE = "en"
# Of those that there are texts in: otherwise dates and figures alone would follow the browser's language.
LANGUAGES = [("en", "English")]
TIME_ZONE = "UTC"
USE_I18N = USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)
STATICFILES_DIRS = [BASE_DIR / "static", ("samples", BASE_DIR / "docs" / "samples")]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_ALLOW_ALL_ORIGINS = False  # nobody else's page needs our files

# Jobs: without a broker, embedded workers poll the same rows that Celery would wake.
CELERY_BROKER_URL = envstr("CELERY_BROKER_URL")
JOB_LEASE_SECONDS = envint("JOB_LEASE_SECONDS", 30, minimum=2)
JOB_POLL_MILLISECONDS = envint("JOB_POLL_MILLISECONDS", 80, minimum=10)
JOB_CANARY_SECONDS = envint("JOB_CANARY_SECONDS", 30, minimum=1)
WORKER_MEMORY_MB = envint("WORKER_MEMORY_MB", 0, minimum=0)  # 0: three quarters of the machine's
JOB_KEEP_DAYS = envint("JOB_KEEP_DAYS", 30, minimum=1)

WEB_PROCESSES = envint("WEB_PROCESSES", 1, minimum=1)  # of `manage.py up`; one uses one core

# What the settings page may decide anew: these hold until it does.
ORGANISATION_NAME = envstr("ORGANISATION_NAME")
REGION = envstr("REGION", "international")
HELP_LINES_FILE = envstr("HELP_LINES_FILE")
CRISIS_POLICY = envchoice("CRISIS_POLICY", "refer", {"refer", "assess_and_refer"})

# Practice
MESSAGE_MAX_CHARACTERS = 4_000

# Review: how many of a hundred uncertain messages two trainers code, each on their own.
REVIEW_DOUBLE_PERCENT = min(100, envint("REVIEW_DOUBLE_PERCENT", 20, minimum=0))

# Exports: how long a finished file can be fetched.
EXPORT_HOURS = envint("EXPORT_HOURS", 24, minimum=1)

# The tagger, which knows no Django, reads it by itself; here a file that cannot be read stops the start.
TAGGER_WEIGHTS = envstr("TAGGER_WEIGHTS")

# Coach: a path or hub id of any transformers causal LM; empty means authored alternatives only.
COACH_MODEL = envstr("COACH_MODEL")
COACH_REVISION = envstr("COACH_REVISION")
COACH_DTYPE = envstr("COACH_DTYPE", "auto")
COACH_DEVICE = envstr("COACH_DEVICE", "auto")
COACH_SECONDS = envint("COACH_SECONDS", 60, minimum=1)

# The seeker's lines: whether the coach's model rewords them (coach-mini cannot), and after how many seconds
# the authored line is said if no wording came.
SEEKER_WORDING = envbool("SEEKER_WORDING", False)
SEEKER_WORDING_SECONDS = envint("SEEKER_WORDING_SECONDS", 8, minimum=1)

# Lines for people on one machine, for a collector where others are served; ids only in both.
LOGGING = logs.config(
    envstr("LOG_FORMAT", "plain" if IS_LOCAL else "json"), envstr("LOG_LEVEL", "INFO").upper()
)

# Who may read /metrics beside admins: a monitoring system that bears this token.
METRICS_TOKEN = envstr("METRICS_TOKEN")
if METRICS_TOKEN and not IS_LOCAL:
    refuse_weak_secret("METRICS_TOKEN", METRICS_TOKEN, length=32)
