"""The schema of outbox: the migrations of before the first release in one."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    replaces = [
        ("outbox", "0001_initial"),
        ("outbox", "0002_priorities_and_domains"),
        ("outbox", "0003_letters_that_wait"),
        ("outbox", "0004_bounces"),
        ("outbox", "0005_what_failed_lately"),
        ("outbox", "0006_reasons_of_bounces"),
        ("outbox", "0007_ascii_domains"),
        ("outbox", "0008_dead_mailboxes"),
        ("outbox", "0009_unread_reports"),
    ]

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='MailDomain',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=253, unique=True, verbose_name='dominio')),
                ('refusals', models.PositiveSmallIntegerField(default=0, verbose_name='rifiuti di seguito')),
                ('refused_letters', models.JSONField(db_default=[], default=list)),
                ('refused_at', models.DateTimeField(null=True, verbose_name='ultimo rifiuto')),
                ('rests_until', models.DateTimeField(null=True, verbose_name='fermo fino alle')),
                ('last_answer', models.CharField(blank=True, max_length=300, verbose_name='ultima risposta')),
            ],
            options={
                'verbose_name': 'dominio di posta',
                'verbose_name_plural': 'domini di posta',
            },
        ),
        migrations.CreateModel(
            name='OutgoingMail',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('code', 'codice di validazione'), ('certified', 'indirizzo certificato'), ('changed', 'indirizzo modificato'), ('revoked', 'indirizzo revocato'), ('issued', 'ID SESSIONE'), ('reminder', 'promemoria'), ('expired', 'ID SESSIONE scaduto'), ('notice', 'avviso'), ('trial', 'messaggio di prova')], max_length=20, verbose_name='tipo')),
                ('about', models.CharField(blank=True, max_length=40, verbose_name='farmacia')),
                ('priority', models.PositiveSmallIntegerField(choices=[(1, 'codice'), (2, 'ID SESSIONE'), (3, 'promemoria'), (4, 'avviso')], db_default=4, default=4, verbose_name='urgenza')),
                ('recipient', models.EmailField(max_length=254, verbose_name='destinatario')),
                ('domain', models.CharField(blank=True, db_default='', default='', max_length=253, verbose_name='dominio')),
                ('subject', models.CharField(max_length=200, verbose_name='oggetto')),
                ('message_id', models.CharField(max_length=120, unique=True)),
                ('secret', models.BooleanField(default=False)),
                ('sealed_source', models.BinaryField(null=True)),
                ('created_at', models.DateTimeField(verbose_name='preparato')),
                ('give_up_at', models.DateTimeField()),
                ('next_attempt_at', models.DateTimeField()),
                ('attempts', models.PositiveSmallIntegerField(default=0, verbose_name='tentativi')),
                ('leased_until', models.DateTimeField(null=True)),
                ('accepted_at', models.DateTimeField(null=True, verbose_name='accettato dal server')),
                ('failed_at', models.DateTimeField(null=True, verbose_name='non consegnato')),
                ('withdrawn_at', models.DateTimeField(null=True, verbose_name='ritirato')),
                ('delivered_at', models.DateTimeField(null=True, verbose_name='consegnato')),
                ('returned_at', models.DateTimeField(null=True, verbose_name='tornato indietro')),
                ('last_answer', models.CharField(blank=True, max_length=300, verbose_name='ultima risposta del server')),
                ('reason', models.CharField(blank=True, choices=[('about-us', 'rifiutano noi: mittente, server, frequenza o contenuto'), ('rule', 'regola di chi riceve'), ('full', 'casella piena'), ('later', 'riprovare più tardi'), ('dead', 'casella inesistente o chiusa'), ('unknown', 'motivo non riconosciuto')], db_default='', default='', max_length=12, verbose_name='motivo')),
            ],
            options={
                'verbose_name': 'messaggio in uscita',
                'verbose_name_plural': 'messaggi in uscita',
                'indexes': [models.Index(condition=models.Q(('accepted_at', None), ('failed_at', None), ('withdrawn_at', None)), fields=['priority', 'next_attempt_at'], name='mail_due'), models.Index(condition=models.Q(('sealed_source__isnull', False)), fields=['give_up_at'], name='mail_with_text'), models.Index(condition=models.Q(('failed_at__isnull', False)), fields=['-failed_at'], name='mail_failed'), models.Index(condition=models.Q(('reason', 'about-us')), fields=['-created_at'], name='mail_about_us'), models.Index(fields=['about', '-created_at'], name='mail_of_pharmacy')],
                'constraints': [models.CheckConstraint(condition=models.Q(('withdrawn_at', None), models.Q(('accepted_at', None), ('failed_at', None)), _connector='OR'), name='mail_withdrawn_before_it_left')],
            },
        ),
        migrations.CreateModel(
            name='DeadMailbox',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('domain', models.CharField(max_length=253, verbose_name='dominio')),
                ('found_at', models.DateTimeField(verbose_name='visto')),
                ('told_at', models.DateTimeField(null=True, verbose_name='segnato')),
                ('held_at', models.DateTimeField(null=True, verbose_name='fermato')),
                ('decided_at', models.DateTimeField(null=True, verbose_name='deciso')),
                ('letter', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='dead_mailbox', to='outbox.outgoingmail', verbose_name='messaggio')),
            ],
            options={
                'verbose_name': 'casella inesistente',
                'verbose_name_plural': 'caselle inesistenti',
                'indexes': [models.Index(fields=['-found_at'], name='dead_mailbox_newest'), models.Index(condition=models.Q(('decided_at', None), ('held_at__isnull', False)), fields=['domain'], name='dead_mailbox_held'), models.Index(condition=models.Q(('decided_at', None), ('held_at', None), ('told_at', None)), fields=['found_at'], name='dead_mailbox_open')],
            },
        ),
        migrations.CreateModel(
            name='Bounce',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(verbose_name='ricevuto')),
                ('action', models.CharField(choices=[('failed', 'non consegnato'), ('delayed', 'in ritardo')], max_length=10, verbose_name='esito')),
                ('status', models.CharField(max_length=12, verbose_name='codice')),
                ('answer', models.CharField(max_length=300, verbose_name='risposta')),
                ('reason', models.CharField(blank=True, choices=[('about-us', 'rifiutano noi: mittente, server, frequenza o contenuto'), ('rule', 'regola di chi riceve'), ('full', 'casella piena'), ('later', 'riprovare più tardi'), ('dead', 'casella inesistente o chiusa'), ('unknown', 'motivo non riconosciuto')], db_default='', default='', max_length=12, verbose_name='motivo')),
                ('is_explicit', models.BooleanField(db_default=False, default=False)),
                ('about_recipient', models.BooleanField(default=True)),
                ('report', models.CharField(max_length=64, unique=True)),
                ('letter', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='bounces', to='outbox.outgoingmail', verbose_name='messaggio')),
            ],
            options={
                'verbose_name': 'rimbalzo',
                'verbose_name_plural': 'rimbalzi',
                'indexes': [models.Index(fields=['-at'], name='bounce_newest')],
                'constraints': [models.UniqueConstraint(fields=('letter', 'action', 'status', 'about_recipient'), name='bounce_said_once')],
            },
        ),
        migrations.CreateModel(
            name='UnreadReport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(verbose_name='ricevuto')),
                ('kind', models.CharField(choices=[('unread', 'rapporto non letto'), ('complaint', 'segnalazione come spam')], default='unread', max_length=10, verbose_name='tipo')),
                ('subject', models.CharField(blank=True, max_length=200, verbose_name='oggetto')),
                ('sender_domain', models.CharField(blank=True, max_length=253, verbose_name='da')),
                ('sealed_source', models.BinaryField(null=True)),
                ('report', models.CharField(max_length=64, unique=True)),
                ('decided_at', models.DateTimeField(null=True, verbose_name='deciso')),
                ('decision', models.CharField(blank=True, choices=[('dead', 'Casella morta'), ('about-us', 'Colpa nostra'), ('nothing', 'Niente')], max_length=10, verbose_name='esito')),
                ('letter', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='unread_reports', to='outbox.outgoingmail', verbose_name='messaggio')),
            ],
            options={
                'verbose_name': 'rapporto non letto',
                'verbose_name_plural': 'rapporti non letti',
                'indexes': [models.Index(condition=models.Q(('decided_at', None), ('kind', 'unread')), fields=['-at'], name='report_open'), models.Index(fields=['kind', '-at'], name='report_of_kind')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('decided_at', None), ('decision', '')), models.Q(('decided_at__isnull', False), models.Q(('decision', ''), _negated=True)), _connector='OR'), name='report_decided_with_a_word')],
            },
        ),
    ]
