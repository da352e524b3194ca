import uuid

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('kb', '0003_visible_index'),
    ]

    operations = [
        migrations.RemoveField(model_name='searchstatistics', name='version'),
        migrations.AddField(
            model_name='searchstatistics',
            name='version',
            field=models.UUIDField(default=uuid.uuid4),
        ),
    ]
