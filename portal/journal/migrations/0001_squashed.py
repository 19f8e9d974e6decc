"""The schema of journal: the migrations of before the first release in one."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    replaces = [
        ("journal", "0001_initial"),
        ("journal", "0002_chain"),
        ("journal", "0004_index_of_actor"),
    ]

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='EntryLink',
            fields=[
                ('position', models.BigIntegerField(primary_key=True, serialize=False)),
                ('row_id', models.BigIntegerField(unique=True)),
                ('keep_until', models.DateTimeField()),
                ('content', models.CharField(max_length=64)),
                ('digest', models.CharField(max_length=64)),
                ('sealed_at', models.DateTimeField()),
            ],
            options={
                'verbose_name': 'anello del registro attività',
                'verbose_name_plural': 'anelli del registro attività',
            },
        ),
        migrations.CreateModel(
            name='Entry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(verbose_name='quando')),
                ('actor_name', models.CharField(max_length=240)),
                ('verb', models.CharField(max_length=60, verbose_name='che cosa')),
                ('about', models.CharField(blank=True, max_length=40)),
                ('subject', models.CharField(blank=True, max_length=80)),
                ('detail', models.JSONField(blank=True, default=dict)),
                ('origin', models.CharField(blank=True, max_length=45, verbose_name='da dove')),
                ('actor', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='chi')),
            ],
            options={
                'verbose_name': 'voce del registro attività',
                'verbose_name_plural': 'registro attività',
                'indexes': [models.Index(fields=['about', '-at'], name='journal_of_pharmacy'), models.Index(fields=['-at', '-id'], name='journal_by_time'), models.Index(fields=['actor', '-at', '-id'], name='journal_of_actor')],
            },
        ),
    ]
