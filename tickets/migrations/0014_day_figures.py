

import django.contrib.postgres.fields
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0003_account_manager_is_staff'),
        ('tickets', '0013_macros_for_the_head'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='DayFigure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('metric', models.CharField(choices=[('first', 'first answers'), ('next', 'next answers'), ('work', 'solutions'), ('update', 'news of the development'), ('late_first', 'first answers still owed, and late'), ('late_next', 'next answers still owed, and late'), ('late_work', 'work still owed, and late'), ('late_update', 'news still owed, and late'), ('filed', 'tickets filed'), ('reopened', 'tickets taken up again'), ('rated', 'ratings'), ('backlog', 'open tickets at the end of the day')], max_length=12)),
                ('dimension', models.CharField(choices=[('all', 'all'), ('category', 'category'), ('priority', 'priority'), ('person', 'specialist'), ('organization', 'organization'), ('channel', 'channel')], max_length=12)),
                ('value', models.CharField(blank=True, max_length=30)),
                ('total', models.PositiveIntegerField(default=0)),
                ('promised', models.PositiveIntegerField(default=0)),
                ('in_time', models.PositiveIntegerField(default=0)),
                ('amount', models.PositiveBigIntegerField(default=0)),
                ('buckets', django.contrib.postgres.fields.ArrayField(base_field=models.PositiveSmallIntegerField(), default=list, size=None)),
                ('counts', django.contrib.postgres.fields.ArrayField(base_field=models.PositiveIntegerField(), default=list, size=None)),
            ],
            options={
                'verbose_name': 'figure of a day',
                'verbose_name_plural': 'figures of days',
            },
        ),
        migrations.AddIndex(
            model_name='clock',
            index=models.Index(condition=models.Q(('stopped_at__isnull', False)), fields=['stopped_at', 'id'], name='clock_by_end'),
        ),
        migrations.AddIndex(
            model_name='clock',
            index=models.Index(condition=models.Q(('kind', 'work')), fields=['started_at', 'id'], name='clock_of_work_by_start'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(fields=['received_at', 'id'], name='ticket_by_receipt'),
        ),
        migrations.AddConstraint(
            model_name='dayfigure',
            constraint=models.UniqueConstraint(fields=('dimension', 'day', 'metric', 'value'), name='one_figure_a_day'),
        ),
    ]
