"""A half-configured production does not start, and says everything that it lacks at once."""

import json
import os
import re
import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from portal import checks

FULL = {
    "PORTAL_MODE": "production",
    "SECRET_KEY": "kJ8-vN3_tQ9xW2cR7mB4zL6pH1sD5fG0aY-eU_iO8nT3wV7qX2",
    "SITE_URL": "https://support.example.com",
    "ALLOWED_HOSTS": "support.example.com",
    "DATABASE_URL": "postgres://portal:password@127.0.0.1:1/portal",
    "EMAIL_URL": "smtp+tls://user:password@smtp.example.com:587",
    "CELERY_BROKER_URL": "redis://127.0.0.1:1/0",
}
NEEDED = sorted(FULL.keys() - {"PORTAL_MODE"})
TELL = """
import json, portal.wsgi
from django.conf import settings as s
names = [name for name in dir(s) if name.startswith(("SECURE_", "SESSION_COOKIE", "CSRF_COOKIE"))]
print(json.dumps({name: getattr(s, name) for name in names}))
"""


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    return subprocess.run(
        [sys.executable, *arguments],
        check=False,
        cwd=settings.BASE_DIR,
        env={**kept, **environment},
        capture_output=True,
        text=True,
    )


def test_a_production_without_anything_names_every_variable_at_once() -> None:
    done = run("manage.py", "check", PORTAL_MODE="production")
    assert done.returncode == 1
    assert [name for name in NEEDED if f") {name} needs" not in done.stderr] == []


def test_the_web_server_does_not_start_half_configured() -> None:
    lacking = {name: value for name, value in FULL.items() if name != "EMAIL_URL"}
    done = run("-c", "import portal.wsgi", **lacking)
    assert done.returncode == 1
    assert "- EMAIL_URL needs an SMTP server" in done.stderr
    assert [name for name in NEEDED if f"- {name}" in done.stderr] == ["EMAIL_URL"]


@pytest.mark.parametrize("job", ["worker", "beat"])
def test_celery_does_not_start_half_configured(job: str, tmp_path: Any) -> None:
    place = ("--schedule", str(tmp_path / "schedule"), "--pidfile", "") if job == "beat" else ()
    done = run("-m", "celery", "-A", "portal", job, *place, PORTAL_MODE="production")
    assert done.returncode == 1
    assert [name for name in NEEDED if f"- {name} needs" not in done.stdout + done.stderr] == []


def test_a_full_production_passes_even_the_checks_of_deployment() -> None:
    done = run("manage.py", "check", "--deploy", "--fail-level", "INFO", **FULL)
    assert (done.returncode, done.stderr) == (0, "")
    assert "no issues" in done.stdout


def test_cookies_and_transport_are_closed_in_production() -> None:
    done = run("-c", TELL, **FULL)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["SESSION_COOKIE_NAME"] == "__Host-sid"
    assert found["CSRF_COOKIE_NAME"] == "__Host-csrf"
    # What the prefix promises: only by HTTPS, for this host alone, on every path.
    for kind in ("SESSION", "CSRF"):
        assert found[f"{kind}_COOKIE_SECURE"] is True
        assert found[f"{kind}_COOKIE_DOMAIN"] is None
        assert found[f"{kind}_COOKIE_PATH"] == "/"
        assert found[f"{kind}_COOKIE_SAMESITE"] == "Lax"
    assert found["SESSION_COOKIE_HTTPONLY"] is True
    assert found["SECURE_SSL_REDIRECT"] is True
    assert found["SECURE_HSTS_SECONDS"] >= 31_536_000
    assert found["SECURE_HSTS_INCLUDE_SUBDOMAINS"] is True
    assert found["SECURE_PROXY_SSL_HEADER"] == ["HTTP_X_FORWARDED_PROTO", "https"]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SECRET_KEY", "short", "SECRET_KEY"),
        ("SECRET_KEY", "k" * 60, "SECRET_KEY"),
        ("SITE_URL", "http://support.example.com", "SITE_URL"),
        ("ALLOWED_HOSTS", ["*"], "ALLOWED_HOSTS"),
        ("ALLOWED_HOSTS", [], "ALLOWED_HOSTS"),
        ("GIVEN", {"DATABASE_URL": False, "EMAIL_URL": True}, "DATABASE_URL"),
        ("GIVEN", {"DATABASE_URL": True, "EMAIL_URL": False}, "EMAIL_URL"),
        ("DEBUG", True, "DEBUG"),
        ("CELERY_BROKER_URL", "filesystem://", "CELERY_BROKER_URL"),
    ],
)
def test_each_half_measure_is_named_alone(name: str, value: Any, said: str, settings: Any) -> None:
    settings.PRODUCTION = True
    for one in NEEDED:
        setattr(settings, one, FULL[one])
    settings.GIVEN = {"DATABASE_URL": True, "EMAIL_URL": True}
    settings.DEBUG = False
    assert list(checks.lacking()) == []
    setattr(settings, name, value)
    assert [fault.split()[0] for fault in checks.lacking()] == [said]


def test_a_mode_that_does_not_exist_is_no_demo(settings: Any) -> None:
    settings.MODE = "prod"
    with pytest.raises(ImproperlyConfigured, match="PORTAL_MODE is 'prod'"):
        checks.refuse_half_configured()
    assert [error.id for error in checks.check_installation()] == ["portal.E001"]


def test_the_demo_starts_with_nothing_at_all(settings: Any) -> None:
    settings.MODE = "demo"
    checks.refuse_half_configured()
    assert checks.check_installation() == []


def test_every_variable_that_is_read_is_explained_and_every_explained_one_is_read() -> None:
    base = settings.BASE_DIR
    code = "\n".join(
        path.read_text()
        for path in (base / "portal").rglob("*.py")
        if "HOST" in path.read_text() or path.name == "settings.py"
    )
    read = set(re.findall(r'env(?:\.\w+|iron\.get)\(\s*"([A-Z_]+)"', code))
    explained = re.findall(r"^([A-Z_]+)=", (base / ".env.example").read_text(), re.MULTILINE)
    assert read - {"PATH"} == set(explained)
    assert len(explained) == len(set(explained))
