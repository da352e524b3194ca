"""Brand, hours and channels of the first installation; all are edited in the admin afterwards."""

from datetime import date

from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

EVERY_DAY = "08:00–20:00"
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
CHANNELS = [
    # kind, address, accepts around the clock, note in Russian, note in English
    ("cabinet", "", True, "Кнопка «❓» слева внизу", "The “❓” button, bottom left"),
    ("telegram", "@HotbotAISupport_bot", True, "", ""),
    ("email", "support@hotbot.ai", True, "", ""),
    ("phone", "+7 (499) 110-86-62", False, "", ""),
    ("manager", "", True, "Тот, кто ведёт ваш отель", "Whoever looks after your hotel"),
]


def seed(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Write the rows."""
    apps.get_model("support", "Brand").objects.create(
        id=1,
        name="HotBot",
        title_ru="Поддержка HotBot",
        title_en="HotBot support",
        support_email="support@hotbot.ai",
        team_email="support@hotbot.ai",
        head_name="Романа",
        head_email="romana@hotbot.ai",
        zone="Europe/Moscow",
        monitoring_ru="Следим за платформой круглосуточно: о сбое узнаём сразу и чиним в любое время, и в выходные тоже.",
        monitoring_en="The platform is watched around the clock: we learn of a failure at once and work on it at any hour, weekends included.",
    )
    apps.get_model("support", "Hours").objects.create(
        valid_from=date(2026, 1, 1), **dict.fromkeys(DAYS, EVERY_DAY)
    )
    channel = apps.get_model("support", "Channel")
    for order, (kind, address, always, ru, en) in enumerate(CHANNELS):
        channel.objects.create(
            kind=kind, address=address, accepts_always=always, note_ru=ru, note_en=en, order=order
        )


class Migration(migrations.Migration):
    dependencies = [
        ("support", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
