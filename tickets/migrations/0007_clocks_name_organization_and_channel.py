import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_account_manager_is_staff"), ("tickets", "0006_ledger")]

    operations = [
        migrations.AlterField(
            model_name="clock",
            name="organization",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.organization",
            ),
        ),
        migrations.AlterField(
            model_name="clock",
            name="channel",
            field=models.CharField(
                choices=[
                    ("cabinet", "Cabinet"),
                    ("api", "API"),
                    ("email", "E-mail"),
                    ("telegram", "Telegram"),
                    ("phone", "Phone"),
                ],
                max_length=10,
            ),
        ),
    ]
