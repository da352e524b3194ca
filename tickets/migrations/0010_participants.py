"""Colleagues who take part in a ticket, and the end that a reminder announces."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tickets", "0007_clocks_name_organization_and_channel"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="ticket",
            name="closes_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="closes at"),
        ),
        migrations.CreateModel(
            name="Participant",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("since", models.DateTimeField(verbose_name="since")),
                ("person", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("ticket", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="participants", to="tickets.ticket")),
            ],
            options={
                "verbose_name": "participant",
                "verbose_name_plural": "participants",
                "constraints": [models.UniqueConstraint(fields=("ticket", "person"), name="a_person_joins_a_ticket_once")],
            },
        ),
    ]
