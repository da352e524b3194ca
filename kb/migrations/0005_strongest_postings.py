from django.db import migrations, models

# The index is a copy; what the new columns hold is computed from what is there.
FILL = """
update kb_posting p
set is_public = doc.is_public,
    weight = p.frequency * 2.2 / (p.frequency + 1.2 * (0.45 + 0.55 * doc.length
        / greatest(s.total_length / greatest(s.documents, 1), 1)))
from kb_searchdocument doc, kb_searchstatistics s
where doc.article_id = p.article_id and s.id = 1;
insert into kb_lexeme (lexeme, articles, public_articles)
select lexeme, count(*), count(*) filter (where is_public) from kb_posting group by lexeme;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('kb', '0004_version_of_the_lists'),
    ]

    operations = [
        migrations.CreateModel(
            name='Lexeme',
            fields=[
                ('lexeme', models.TextField(primary_key=True, serialize=False)),
                ('articles', models.PositiveIntegerField()),
                ('public_articles', models.PositiveIntegerField()),
            ],
            options={
                'verbose_name': 'stem',
                'verbose_name_plural': 'stems',
            },
        ),
        migrations.RemoveIndex(model_name='posting', name='posting_by_lexeme'),
        migrations.AddField(
            model_name='posting',
            name='is_public',
            field=models.BooleanField(default=False),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='posting',
            name='weight',
            field=models.FloatField(default=0),
            preserve_default=False,
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name='posting',
            index=models.Index(models.F('lexeme'), models.OrderBy(models.F('weight'), descending=True), models.F('article'), models.F('is_public'), name='posting_by_weight'),
        ),
    ]
