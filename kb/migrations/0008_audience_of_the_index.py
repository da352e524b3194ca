from django.db import migrations

# The index is a copy; who may read each article is known from what was kept so far.
FILL = """
update kb_posting set audience = case when is_public then 0 else 1 end;
update kb_searchdocument set audience = case when is_public then 0 else 1 end;
update kb_lexeme set customer_articles = articles;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('kb', '0007_authoring'),
    ]

    operations = [
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.RemoveField(
            model_name='posting',
            name='is_public',
        ),
        migrations.RemoveField(
            model_name='searchdocument',
            name='is_public',
        ),
    ]
