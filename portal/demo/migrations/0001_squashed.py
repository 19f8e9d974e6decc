"""The schema of demo: the migrations of before the first release in one."""

from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    replaces = [
        ("demo", "0001_initial"),
        ("demo", "0002_calls_to_the_gestionale"),
        ("demo", "0003_seed_mark"),
    ]

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='DemoCall',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('received_at', models.DateTimeField(verbose_name='ricevuta')),
                ('message_id', models.CharField(blank=True, max_length=200, verbose_name='numero')),
                ('is_signed', models.BooleanField(verbose_name='firma valida')),
                ('answered', models.PositiveSmallIntegerField(verbose_name='risposta')),
                ('body', models.TextField(verbose_name='contenuto')),
            ],
            options={
                'verbose_name': 'chiamata di prova',
                'verbose_name_plural': 'chiamate di prova',
                'ordering': ['-received_at', '-id'],
            },
        ),
        migrations.CreateModel(
            name='DemoSeed',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(verbose_name='riempito')),
            ],
            options={
                'verbose_name': 'riempimento di prova',
                'verbose_name_plural': 'riempimenti di prova',
            },
        ),
        migrations.CreateModel(
            name='DemoLetter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('received_at', models.DateTimeField(verbose_name='arrivato')),
                ('recipient', models.CharField(max_length=254, verbose_name='destinatario')),
                ('subject', models.CharField(blank=True, max_length=300, verbose_name='oggetto')),
                ('raw', models.BinaryField(verbose_name='sorgente')),
            ],
            options={
                'verbose_name': 'messaggio di prova',
                'verbose_name_plural': 'messaggi di prova',
                'ordering': ['-received_at', '-id'],
                'indexes': [models.Index(fields=['-received_at', '-id'], name='demo_letter_newest_first')],
            },
        ),
    ]
