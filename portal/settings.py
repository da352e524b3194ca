"""Settings of the machine, read from the environment only; `.env.example` documents each.

What the business decides (hours, targets, channels, texts, brand) are rows, edited in the admin.
"""

import secrets
from pathlib import Path

import environ
from csp.constants import NONE, SELF
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from portal import embedded

BASE_DIR = Path(__file__).resolve().parent.parent
VAR = BASE_DIR / "var"
env = environ.Env()

# demo: everything on this machine, letters land as files. production: nothing is assumed.
# test: demo without background work, chosen by the test suite.
MODE = env.str("PORTAL_MODE", default="demo")
PRODUCTION = MODE == "production"
DEMO = MODE == "demo"
TESTING = MODE == "test"

DEBUG = env.bool("DEBUG", default=False)
# A production without a key must come as far as the list of everything that it lacks
# (portal.checks); until then it has a key that nobody can guess and that is too short to pass.
_NO_KEY = secrets.token_hex(16) if PRODUCTION else "demo-only-" + "k" * 50
SECRET_KEY = env.str("SECRET_KEY", default="") or _NO_KEY
SITE_URL = env.str("SITE_URL", default="" if PRODUCTION else "http://127.0.0.1:8000").rstrip("/")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[] if PRODUCTION else ["*"])
CSRF_TRUSTED_ORIGINS = env.list(
    "CSRF_TRUSTED_ORIGINS", default=[SITE_URL] if PRODUCTION and SITE_URL else []
)
# The word by which `portal.checks` knows that a variable was given.
GIVEN = {name: bool(env.str(name, default="")) for name in ("DATABASE_URL", "EMAIL_URL")}

INSTALLED_APPS = [
    "portal.apps.PortalConfig",
    "portal.delivery",
    "portal.support",
    "portal.feedback",
    "portal.jobs",
    "accounts",
    "kb",
    "tickets",
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "portal.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "portal.apps.StaticFilesConfig",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "ckeditor",
    "csp",
    "django_htmx",
    "rest_framework",
    "rest_framework.authtoken",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]

MIDDLEWARE = [
    "portal.http.RequestLogMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "portal.http.PolicyMiddleware",
    "portal.support.schedule.GroundMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.LanguageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.ActivityMiddleware",
    "accounts.middleware.SecondFactorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
ASGI_APPLICATION = "portal.asgi.application"
APPEND_SLASH = True

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
                "portal.support.context.brand",
            ],
        },
    },
]

# --- data -----------------------------------------------------------------------------------
DATABASES = {"default": env.db_url("DATABASE_URL", default=embedded.url(VAR))}
DATABASES["default"].update(
    CONN_MAX_AGE=env.int("CONN_MAX_AGE", default=60),
    CONN_HEALTH_CHECKS=True,
)
STATEMENT_TIMEOUT = env.int("STATEMENT_TIMEOUT", default=15_000)  # milliseconds
DATABASES["default"].setdefault("OPTIONS", {}).update(
    connect_timeout=3,
    options=(
        f"-c statement_timeout={STATEMENT_TIMEOUT} -c lock_timeout=5000"
        " -c idle_in_transaction_session_timeout=30000"
    ),
    # Statements are planned once a connection: a page of the desk spends a third of its time on
    # plans otherwise. A pooler that knows no prepared statements needs PREPARE_AFTER=0.
    server_side_binding=True,
    prepare_threshold=env.int("PREPARE_AFTER", default=2) or None,
)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# Rate limits must be counted in one place by all processes: a table, or Redis, never memory.
CACHES = {"default": env.cache_url("CACHE_URL", default="dbcache://cache?max_entries=100000")}
ATTACHMENT_ROOT = Path(env.str("ATTACHMENT_ROOT", default=str(VAR / "attachments")))
# Letters as they came in, outside any web root; and the name server that is asked for keys and
# policies, as host:port (empty: that of the machine).
MAIL_ROOT = Path(env.str("MAIL_ROOT", default=str(VAR / "mail")))
MAIL_DNS = env.str("MAIL_DNS", default="")
ATTACHMENT_SENDFILE = env.str("ATTACHMENT_SENDFILE", default="django")  # django | nginx
# Above the ten that a message takes: the form itself then says so, and keeps what was typed.
DATA_UPLOAD_MAX_NUMBER_FILES = 30
DATA_UPLOAD_MAX_NUMBER_FIELDS = 300
DATA_UPLOAD_MAX_MEMORY_SIZE = 6 * 1024 * 1024
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_HANDLERS = [
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "portal.files.BoundedUploadHandler",
]

# --- people ---------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.Backend"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["email", "full_name"]},
    },
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = reverse_lazy("after_login")
ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
MFA_ADAPTER = "accounts.adapters.SecondFactorAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
# Nobody signs up, but without this word allauth takes the password off the sign-in page, too.
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 600  # seconds; ASVS 5.0, 6.5.5
ACCOUNT_LOGIN_BY_CODE_MAX_ATTEMPTS = 5
ACCOUNT_LOGIN_BY_CODE_FORMAT = {"numeric": True, "length": 6, "dashed": False}
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True  # before the address changes
ACCOUNT_FORMS = {
    "login": "accounts.forms.LoginForm",
    "request_login_code": "accounts.forms.RequestCodeForm",
    "confirm_login_code": "accounts.forms.ConfirmCodeForm",
    "reset_password": "accounts.forms.ResetPasswordForm",
    "reset_password_from_key": "accounts.forms.NewPasswordForm",
    "change_password": "accounts.forms.ChangePasswordForm",
    "set_password": "accounts.forms.SetPasswordForm",
    "add_email": "accounts.forms.ChangeAddressForm",
    "reauthenticate": "accounts.forms.ReauthenticateForm",
}
ACCOUNT_SESSION_REMEMBER = True
PASSWORD_RESET_TIMEOUT = 24 * 3600  # seconds; as long as its letter may wait
ACCOUNT_EMAIL_CONFIRMATION_EXPIRE_DAYS = 1
ACCOUNT_EMAIL_NOTIFICATIONS = True
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=1 if PRODUCTION else 0)
# Beside allauth's own limits: what strangers may do without signing in.
ACCOUNT_RATE_LIMITS = {
    "feedback": "5/h/ip",
    "vote": "60/h/ip",
    "rating": "60/h/ip",
    "read": "600/h/ip",
    "clicked": "120/h/ip",
    "invite": "30/h/user",
    "request_login_code": "20/m/ip,5/h/key,10/d/key",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not PRODUCTION  # keys on http://localhost
MFA_FORMS = {
    "authenticate": "accounts.forms.SecondFactorForm",
    "reauthenticate": "accounts.forms.SecondFactorAgainForm",
    "activate_totp": "accounts.forms.ActivateAppForm",
    "add_webauthn": "accounts.forms.AddKeyForm",
    "edit_webauthn": "accounts.forms.EditKeyForm",
}
# Noting every request of every session would be a write on every page.
USERSESSIONS_TRACK_ACTIVITY = False
SECOND_FACTOR_REQUIRED = env.bool("SECOND_FACTOR_REQUIRED", default=PRODUCTION)

# --- language and time ----------------------------------------------------------------------
LANGUAGE_CODE = "ru"
LANGUAGES = [("ru", _("Russian")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Europe/Moscow"

# --- static files ---------------------------------------------------------------------------
STATIC_URL = "static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(VAR / "static")))
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "portal.apps.AppFinder",
]
_FILES = "django.contrib.staticfiles.storage.StaticFilesStorage"
_HASHED = "whitenoise.storage.CompressedManifestStaticFilesStorage"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": _FILES if TESTING or DEBUG else _HASHED},
}
WHITENOISE_USE_FINDERS = TESTING or DEBUG
WHITENOISE_AUTOREFRESH = TESTING or DEBUG

# --- security (docs/operations.md explains each) ---------------------------------------------
SECURE_SSL_REDIRECT = PRODUCTION
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = PRODUCTION
SECURE_HSTS_PRELOAD = PRODUCTION
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PRODUCTION else None
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_NAME = "__Host-sid" if PRODUCTION else "sid"
CSRF_COOKIE_NAME = "__Host-csrf" if PRODUCTION else "csrf"
LANGUAGE_COOKIE_NAME = "language"
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = PRODUCTION
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SESSION_ENGINE = "accounts.sessions"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 24 * 3600
CSRF_FAILURE_VIEW = "portal.pages.form_expired"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "connect-src": [SELF],
        "font-src": [SELF],
        "media-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "object-src": [NONE],
        "frame-ancestors": [NONE],
    }
}
# Unfold's Alpine evaluates expressions, so the admin cannot live under the policy of the pages;
# CKEditor 4 writes handlers into its own frame, which only the pages with an editor allow.
# docs/decisions/0003.
ADMIN_CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        **CONTENT_SECURITY_POLICY["DIRECTIVES"],
        "script-src": [SELF, "'unsafe-eval'"],
        "style-src": [SELF, "'unsafe-inline'"],
        "frame-ancestors": [SELF],
        "frame-src": [SELF],  # letters as they read
    }
}
EDITOR_CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        **ADMIN_CONTENT_SECURITY_POLICY["DIRECTIVES"],
        "script-src": [SELF, "'unsafe-eval'", "'unsafe-inline'"],
    }
}
# By the name of the page; what an author wrote is shown under the policy of its readers.
POLICIES_IN_THE_ADMIN = {
    "admin:kb_article_add": EDITOR_CONTENT_SECURITY_POLICY,
    "admin:kb_article_change": EDITOR_CONTENT_SECURITY_POLICY,
    "admin:kb_article_preview": CONTENT_SECURITY_POLICY,
}

# --- work in the background -------------------------------------------------------------------
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="filesystem://")
BROKER_FOLDER = Path(env.str("BROKER_FOLDER", default=str(VAR / "broker")))
# In demo mode letters always land as files: nothing may ever reach a real address.
LETTERS_FOLDER = Path(env.str("LETTERS_ROOT", default=str(VAR / "letters")))
if GIVEN["EMAIL_URL"] and not DEMO:
    vars().update(env.email_url("EMAIL_URL"))
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = str(LETTERS_FOLDER)
EMAIL_TIMEOUT = 20  # seconds; far below the lease of a delivery
DEFAULT_FROM_EMAIL = env.str("FROM_EMAIL", default="HotBot <support@hotbot.example>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
DELIVERY_LEASE_SECONDS = env.int("DELIVERY_LEASE_SECONDS", default=120)

# One JSON object a line, on the error stream; portal/logs.py keeps people out of it.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": "portal.logs.Formatter",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
            "json_ensure_ascii": False,
        }
    },
    "handlers": {"stream": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stream"], "level": env.str("LOG_LEVEL", default="WARNING")},
    "loggers": {
        "portal": {"level": env.str("LOG_LEVEL", default="INFO" if PRODUCTION else "WARNING")},
        "django.server": {"handlers": [], "propagate": False},
    },
}

# --- API --------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    # Order matters: the first one says how to sign in, hence 401 and not 403 without a token.
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["portal.programs.JSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "portal.programs.error_answer",
    "DEFAULT_THROTTLE_CLASSES": [
        "rest_framework.throttling.AnonRateThrottle",
        "rest_framework.throttling.UserRateThrottle",
    ],
    "DEFAULT_THROTTLE_RATES": {"anon": "120/min", "user": "600/min"},
    "NUM_PROXIES": ALLAUTH_TRUSTED_PROXY_COUNT,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "HotBot support API",
    "DESCRIPTION": (
        "Sign in with `Authorization: Token …`; the support team gives tokens out.\n\n"
        "Lists are paged: follow `next` as it is until it is null.\n\n"
        "Whatever is refused answers in one form, with a message for people and a code for"
        ' programs: `{"error": {"code": "…", "message": "…", "fields": {"subject": ["…"]}}}`.'
        " 400: something sent cannot be taken; 401: no token, or a wrong one; 403: not allowed;"
        " 404: not there, or not for you; 409: the matter stands differently by now; 413 and 415:"
        " too large, or of a wrong kind; 429: too often, come back after `Retry-After` seconds."
    ),
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
}

# CKEditor 4.22.1 is out of support (W001). It serves admin authors only; what it writes is
# sanitised on save and on render, its dangerous plugins are not served. docs/decisions/0002.
# E-mail is unique whatever its case by a constraint that auth.W004 does not recognise.
SILENCED_SYSTEM_CHECKS = ["ckeditor.W001", "auth.W004"]

# --- the look of the admin: the colours of static/css/tokens.css as Unfold's scales ---------------
UNFOLD = {
    "SITE_TITLE": "portal.dashboard.site_title",
    "SITE_HEADER": "portal.dashboard.site_title",
    "SITE_ICON": "portal.dashboard.site_icon",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "portal.dashboard.site_icon"}],
    "SHOW_VIEW_ON_SITE": True,
    "DASHBOARD_CALLBACK": "portal.dashboard.dashboard",
    "STYLES": ["portal.dashboard.stylesheet"],
    "SCRIPTS": ["portal.dashboard.labels_script"],
    "BORDER_RADIUS": "8px",
    "SIDEBAR": {"show_search": True, "navigation": "portal.dashboard.navigation"},
    "COLORS": {
        "base": {
            "50": "#faf8f4", "100": "#f3f0e9", "200": "#e7e2d8", "300": "#d2cbbd",
            "400": "#969d97", "500": "#626b66", "600": "#4c5651", "700": "#3d4541",
            "800": "#2b312e", "900": "#1a1e1c", "950": "#131614",
        },
        "primary": {
            "50": "#e5f0ed", "100": "#d3e6e1", "200": "#a8cbc4", "300": "#8bd1c5",
            "400": "#6dbfb1", "500": "#58ac9f", "600": "#0f5b54", "700": "#0c4f49",
            "800": "#0a453f", "900": "#18302c", "950": "#08211d",
        },
    },
}  # fmt: skip

KB_REVIEW_DAYS = env.int("KB_REVIEW_DAYS", default=180)  # until an article is looked at again
# Whether links of articles to elsewhere are asked; the demo talks to nobody.
KB_CHECK_LINKS = env.bool("KB_CHECK_LINKS", default=not DEMO)

# --- the editor of articles: what it may write; portal/html.py is what keeps it to that ------------
CKEDITOR_CONFIGS = {
    "kb": {
        "versionCheck": False,
        "fullPage": False,
        "allowedContent": None,  # only what the buttons write; never True
        "extraAllowedContent": "figure figcaption kbd; p(lead,note,warning); div(call); ol(steps); img[!src,alt,width,height]",
        "disallowedContent": "script style iframe object embed form *[on*] *{*}",
        "removePlugins": (
            "about,elementspath,exportpdf,flash,forms,iframe,newpage,preview,print,save,scayt,"
            "sourcearea,templates,uploadfile,uploadimage,wsc"
        ),
        "toolbar": [
            ["Format", "Styles", "Bold", "Italic", "RemoveFormat"],
            ["NumberedList", "BulletedList", "Blockquote"],
            ["Link", "Unlink", "Table", "Image"],
            ["Undo", "Redo"],
        ],
        "format_tags": "p;h2;h3;h4;pre",
        "stylesSet": [
            {"name": "В начале", "element": "p", "attributes": {"class": "lead"}},
            {"name": "Заметка", "element": "p", "attributes": {"class": "note"}},
            {"name": "Осторожно", "element": "p", "attributes": {"class": "warning"}},
            {"name": "Шаги", "element": "ol", "attributes": {"class": "steps"}},
        ],
        "removeDialogTabs": "image:advanced;link:advanced;link:target;link:upload;image:Upload",
        "image_previewText": " ",
        "linkShowTargetTab": False,
        "height": 480,
        "width": "100%",
    }
}
