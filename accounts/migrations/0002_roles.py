"""The roles of the first installation, and the group of each staff role."""

from typing import Any

from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

ALL = ["incident", "service_request", "information_request", "change_request"]
CUSTOMERS = [
    # code, Russian, English, may file, sees the organization, manages people
    ("owner", "Владелец", "Owner", ALL, True, True),
    ("manager", "Управляющий", "Manager", ALL, True, False),
    ("employee", "Сотрудник", "Employee", ["incident", "information_request"], False, False),
]
DESK = ["accounts.work_desk", "accounts.see_all_tickets", "accounts.triage_ticket"]
AUTHOR = [
    *(f"kb.{verb}_{model}" for model in ("article", "revision") for verb in ("view", "add", "change")),
    "kb.view_section",
    "kb.view_vote",
]
EDITOR = [
    *AUTHOR,
    "kb.publish_article",
    "kb.delete_article",
    *(f"kb.{verb}_section" for verb in ("add", "change", "delete")),
]
REVIEW = ["feedback.view_feedback", "feedback.change_feedback", "feedback.review_feedback"]
SEE_TICKETS = [f"tickets.view_{model}" for model in ("ticket", "message", "event", "clock", "proof")]
EDIT_SUPPORT = [
    f"{app}.{verb}_{model}"
    for app, model in (
        ("support", "hours"),
        ("support", "hoursexception"),
        ("support", "channel"),
        ("support", "brand"),
        ("tickets", "target"),
    )
    for verb in ("view", "add", "change", "delete")
]
EDIT_PEOPLE = [
    f"accounts.{verb}_{model}"
    for model in ("user", "organization", "property", "role", "invitation")
    for verb in ("view", "add", "change")
]
DELIVERIES = ["delivery.view_delivery", "delivery.change_delivery"]
STAFF = [
    ("specialist", "Специалист поддержки", "Support specialist", [*DESK, *REVIEW]),
    ("account_manager", "Менеджер клиента", "Account manager", ["accounts.work_desk"]),
    (
        "head",
        "Руководитель поддержки",
        "Head of support",
        [*DESK, *REVIEW, *EDITOR, *SEE_TICKETS, *EDIT_SUPPORT, *EDIT_PEOPLE, *DELIVERIES]
        + ["accounts.head_support", "feedback.review_head_feedback"],
    ),
    ("developer", "Разработчик", "Developer", ["accounts.work_desk", "accounts.develop"]),
    ("editor", "Редактор базы знаний", "Knowledge base editor", EDITOR),
    (
        "administrator",
        "Администратор",
        "Administrator",
        [*EDIT_SUPPORT, *EDIT_PEOPLE, *DELIVERIES, *SEE_TICKETS, "accounts.work_desk", "accounts.see_all_tickets"],
    ),
]


def seed(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Write the roles."""
    _make_permissions(apps)
    role = apps.get_model("accounts", "Role")
    for order, (code, ru, en, may_file, sees, manages) in enumerate(CUSTOMERS):
        role.objects.create(
            code=code, name_ru=ru, name_en=en, side="customer", may_file=may_file,
            sees_organization=sees, manages_people=manages, order=order,
        )
    for order, (code, ru, en, permissions) in enumerate(STAFF, start=10):
        role.objects.create(
            code=code, name_ru=ru, name_en=en, side="staff", order=order,
            group=_group(apps, code, permissions),
        )


def _make_permissions(apps: Apps) -> None:
    # Django makes permissions after all migrations; these rows are needed now.
    for label in ("accounts", "delivery", "support", "feedback", "kb", "tickets"):
        config: Any = apps.get_app_config(label)
        config.models_module = True
        create_permissions(config, apps=apps, verbosity=0)
        config.models_module = None


def _group(apps: Apps, code: str, names: list[str]) -> Any:
    group = apps.get_model("auth", "Group").objects.create(name=code)
    permission = apps.get_model("auth", "Permission")
    for name in names:
        label, codename = name.split(".")
        group.permissions.add(
            permission.objects.get(content_type__app_label=label, codename=codename)
        )
    return group


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("delivery", "0001_initial"),
        ("support", "0001_initial"),
        ("feedback", "0001_initial"),
        ("kb", "0001_initial"),
        ("tickets", "0001_initial"),
    ]

    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
