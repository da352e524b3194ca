import django.db.models.deletion
from django.db import migrations, models

# The index is a copy: `manage.py rebuild_search` fills it anew.
EMPTY = "truncate kb_posting, kb_searchdocument, kb_word"


class Migration(migrations.Migration):

    dependencies = [
        ('kb', '0002_search_index'),
    ]

    operations = [
        migrations.RunSQL(EMPTY, migrations.RunSQL.noop),
        migrations.AddField(
            model_name='searchdocument',
            name='is_public',
            field=models.BooleanField(default=False),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='searchdocument',
            name='language',
            field=models.CharField(default='ru', max_length=5),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='searchdocument',
            name='section',
            field=models.ForeignKey(default=0, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='kb.section'),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='searchstatistics',
            name='version',
            field=models.PositiveBigIntegerField(default=0),
        ),
        migrations.AddIndex(
            model_name='posting',
            index=models.Index(fields=['lexeme'], include=('article', 'frequency', 'in_title'), name='posting_by_lexeme'),
        ),
    ]
