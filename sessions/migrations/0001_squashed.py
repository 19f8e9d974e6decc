"""The schema of pharmacy_sessions: the migrations of before the first release in one."""

import django.db.models.deletion
import sessions.models.context
import sessions.models.reminder
import sessions.models.webhook
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    replaces = [
        ("pharmacy_sessions", "0001_initial"),
        ("pharmacy_sessions", "0003_a2f"),
        ("pharmacy_sessions", "0004_pincode_fingerprint"),
        ("pharmacy_sessions", "0005_opening_hours"),
        ("pharmacy_sessions", "0006_used_from"),
        ("pharmacy_sessions", "0007_support_note"),
        ("pharmacy_sessions", "0008_webhooks_and_calendar"),
        ("pharmacy_sessions", "0009_bulk_jobs"),
        ("pharmacy_sessions", "0010_outlived_ids"),
        ("pharmacy_sessions", "0011_ciphertext_fingerprint"),
        ("pharmacy_sessions", "0012_ascii_domains"),
        ("pharmacy_sessions", "0013_copy_to_default"),
        ("pharmacy_sessions", "0014_copies_by_reminder"),
        ("pharmacy_sessions", "0015_who_named_the_copy"),
        ("pharmacy_sessions", "0016_bulk_retries"),
        ("pharmacy_sessions", "0017_reminder_nowhere"),
        ("pharmacy_sessions", "0018_service_fingerprint"),
    ]

    dependencies = [
        ('outbox', '0001_squashed'),
        ('pharmacies', '0001_squashed'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='PincodeCertificate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('serial', models.CharField(max_length=40, unique=True, verbose_name='numero di serie')),
                ('certificate', models.TextField(verbose_name='certificato')),
                ('sealed_key', models.BinaryField(null=True)),
                ('valid_from', models.DateTimeField(verbose_name='valido dal')),
                ('valid_until', models.DateTimeField(verbose_name='valido fino al')),
                ('created_at', models.DateTimeField(verbose_name='creato il')),
                ('retired_at', models.DateTimeField(null=True, verbose_name='ritirato il')),
            ],
            options={
                'verbose_name': 'certificato per cifrare il pincode',
                'verbose_name_plural': 'certificati per cifrare il pincode',
            },
        ),
        migrations.CreateModel(
            name='BulkJob',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('act', models.CharField(choices=[('revoke', 'Revoca degli ID SESSIONE'), ('block', 'Blocco delle utenze'), ('list', 'Elenco delle farmacie'), ('letters', 'Indirizzi per l’unione di stampa')], max_length=10, verbose_name='che cosa')),
                ('because', models.CharField(blank=True, max_length=200, verbose_name='motivo')),
                ('asked_for', models.CharField(max_length=300, verbose_name='quali farmacie')),
                ('asked_at', models.DateTimeField(verbose_name='quando')),
                ('total', models.PositiveIntegerField(verbose_name='farmacie')),
                ('keys_digest', models.CharField(db_default='', default='', max_length=64)),
                ('finished_at', models.DateTimeField(null=True, verbose_name='finito')),
                ('stopped_at', models.DateTimeField(null=True, verbose_name='fermato')),
                ('stopped_because', models.CharField(blank=True, db_default='', default='', max_length=100, verbose_name='perché è fermo')),
                ('asked_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='chi')),
            ],
            options={
                'verbose_name': 'lavoro su più farmacie',
                'verbose_name_plural': 'lavori su più farmacie',
            },
        ),
        migrations.CreateModel(
            name='BulkItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('done_at', models.DateTimeField(null=True)),
                ('failed_at', models.DateTimeField(null=True)),
                ('attempts', models.PositiveSmallIntegerField(db_default=0, default=0)),
                ('next_attempt_at', models.DateTimeField(null=True)),
                ('touched', models.PositiveSmallIntegerField(default=0)),
                ('cells', models.JSONField(null=True)),
                ('pharmacy', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='pharmacies.pharmacy')),
                ('job', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='items', to='pharmacy_sessions.bulkjob')),
            ],
            options={
                'verbose_name': 'farmacia di un lavoro',
                'verbose_name_plural': 'farmacie di un lavoro',
            },
        ),
        migrations.CreateModel(
            name='CalendarLink',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.BinaryField(max_length=32, unique=True)),
                ('made_at', models.DateTimeField()),
                ('closed_at', models.DateTimeField(null=True)),
                ('made_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('pharmacy', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='calendar_links', to='pharmacies.pharmacy')),
            ],
            options={
                'verbose_name': 'indirizzo del calendario',
                'verbose_name_plural': 'indirizzi del calendario',
            },
        ),
        migrations.CreateModel(
            name='Context',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('contesto', models.CharField(max_length=30)),
                ('applicazione', models.CharField(blank=True, max_length=30)),
                ('title', models.CharField(blank=True, max_length=80, verbose_name='nome')),
                ('hours', models.PositiveSmallIntegerField(default=16, verbose_name='ore di validità')),
                ('policy', models.CharField(choices=[('overlap', 'il nuovo ID lascia valido quello in uso fino al primo utilizzo'), ('replace', 'il nuovo ID annulla subito i precedenti')], default='overlap', max_length=10, verbose_name='regola')),
                ('required_fields', models.JSONField(default=sessions.models.context.required_by_default, verbose_name='campi obbligatori')),
                ('allowed_tipo', models.CharField(default='P', max_length=2, verbose_name='tipo di identificativo ammesso')),
            ],
            options={
                'verbose_name': 'contesto',
                'verbose_name_plural': 'contesti',
                'constraints': [models.UniqueConstraint(fields=('contesto', 'applicazione'), name='one_row_per_context')],
            },
        ),
        migrations.CreateModel(
            name='IdSessione',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.BinaryField(max_length=32, unique=True)),
                ('last4', models.CharField(max_length=4, verbose_name='ultimi 4')),
                ('sealed', models.BinaryField(null=True)),
                ('requested_at', models.DateTimeField(verbose_name='richiesto il')),
                ('expires_at', models.DateTimeField(verbose_name='scade il')),
                ('first_used_at', models.DateTimeField(null=True, verbose_name='primo utilizzo')),
                ('revoked_at', models.DateTimeField(null=True, verbose_name='revocato il')),
                ('closed_at', models.DateTimeField(null=True)),
                ('fingerprint', models.BinaryField(max_length=32, null=True)),
                ('service_fingerprint', models.BinaryField(max_length=32, null=True)),
                ('pincode_fingerprint', models.BinaryField(max_length=32, null=True)),
                ('ciphertext_fingerprint', models.BinaryField(max_length=32, null=True)),
                ('requested_from', models.GenericIPAddressField(null=True, verbose_name='richiesto da')),
                ('used_from', models.GenericIPAddressField(null=True, verbose_name='usato da')),
                ('uses', models.PositiveIntegerField(default=0, verbose_name='utilizzi')),
                ('last_used_at', models.DateTimeField(null=True, verbose_name='ultimo utilizzo')),
                ('outlived_at', models.DateTimeField(null=True)),
                ('certification', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='ids', to='pharmacies.mailcertification')),
                ('context', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='pharmacy_sessions.context', verbose_name='contesto')),
                ('letter', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='outbox.outgoingmail')),
                ('pharmacy', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='ids', to='pharmacies.pharmacy', verbose_name='farmacia')),
                ('replaced_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='pharmacy_sessions.idsessione')),
                ('requested_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('utenza', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='ids', to='pharmacies.utenza')),
            ],
            options={
                'verbose_name': 'ID SESSIONE',
                'verbose_name_plural': 'ID SESSIONE',
            },
        ),
        migrations.CreateModel(
            name='NightDuty',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('evening', models.DateField(verbose_name='sera del')),
                ('pharmacy', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='night_duties', to='pharmacies.pharmacy')),
            ],
            options={
                'verbose_name': 'turno di notte',
                'verbose_name_plural': 'turni di notte',
            },
        ),
        migrations.CreateModel(
            name='Reminder',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('channel', models.CharField(choices=[('mail', 'posta'), ('gestionale', 'gestionale')], db_default='mail', default='mail', max_length=10)),
                ('minutes_before', models.PositiveSmallIntegerField()),
                ('due_at', models.DateTimeField()),
                ('settled_at', models.DateTimeField(null=True)),
                ('skipped_because', models.CharField(blank=True, choices=[('replaced', 'sostituito da un nuovo ID'), ('revoked', 'ID revocato'), ('renewed', 'ID già rinnovato'), ('too late', 'troppo tardi per essere utile'), ('overtaken', 'un promemoria più vicino alla scadenza ne prende il posto'), ('no address', 'nessun indirizzo certificato'), ('unreachable', 'la casella certificata rifiuta la posta')], max_length=40)),
                ('copy', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='outbox.outgoingmail')),
                ('id_sessione', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reminders', to='pharmacy_sessions.idsessione')),
                ('letter', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='outbox.outgoingmail')),
                ('pharmacy', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='pharmacies.pharmacy')),
            ],
            options={
                'verbose_name': 'promemoria',
                'verbose_name_plural': 'promemoria',
            },
        ),
        migrations.CreateModel(
            name='ReminderSettings',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('minutes_before', models.JSONField(default=sessions.models.reminder.default_minutes, verbose_name='minuti prima della scadenza')),
                ('tell_when_expired', models.BooleanField(default=False, verbose_name='avvisa quando è scaduto')),
                ('hours', models.JSONField(null=True, verbose_name='orario di apertura')),
                ('at_opening', models.BooleanField(db_default=False, default=False, verbose_name='scrivi alla riapertura')),
                ('copy_to', models.EmailField(blank=True, db_default='', default='', max_length=254, verbose_name='copia al titolare')),
                ('copy_named_at', models.DateTimeField(null=True)),
                ('copy_named_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('pharmacy', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='reminder_settings', to='pharmacies.pharmacy')),
            ],
            options={
                'verbose_name': 'preferenze dei promemoria',
                'verbose_name_plural': 'preferenze dei promemoria',
            },
        ),
        migrations.CreateModel(
            name='SupportNote',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('text', models.CharField(max_length=500, verbose_name='nota')),
                ('opened_at', models.DateTimeField(verbose_name='aperta il')),
                ('closed_at', models.DateTimeField(null=True, verbose_name='chiusa il')),
                ('outcome', models.CharField(blank=True, max_length=200, verbose_name='com’è finita')),
                ('closed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='chiusa da')),
                ('opened_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='aperta da')),
                ('pharmacy', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='notes', to='pharmacies.pharmacy', verbose_name='farmacia')),
            ],
            options={
                'verbose_name': 'nota di assistenza',
                'verbose_name_plural': 'note di assistenza',
            },
        ),
        migrations.CreateModel(
            name='Webhook',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('url', models.CharField(max_length=500, verbose_name='indirizzo')),
                ('sealed_secret', models.BinaryField()),
                ('opened_at', models.DateTimeField()),
                ('closed_at', models.DateTimeField(null=True)),
                ('opened_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('pharmacy', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='webhooks', to='pharmacies.pharmacy')),
            ],
            options={
                'verbose_name': 'avviso al gestionale',
                'verbose_name_plural': 'avvisi al gestionale',
            },
        ),
        migrations.CreateModel(
            name='WebhookCall',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('event', models.CharField(choices=[('id_sessione.expiring', 'sta per scadere'), ('id_sessione.expired', 'è scaduto'), ('id_sessione.revoked', 'è stato revocato'), ('portale.test', 'prova')], max_length=30, verbose_name='evento')),
                ('message_id', models.CharField(default=sessions.models.webhook.new_message_id, max_length=40, unique=True)),
                ('body', models.TextField()),
                ('created_at', models.DateTimeField(verbose_name='preparato')),
                ('give_up_at', models.DateTimeField()),
                ('next_attempt_at', models.DateTimeField()),
                ('attempts', models.PositiveSmallIntegerField(default=0, verbose_name='tentativi')),
                ('leased_until', models.DateTimeField(null=True)),
                ('accepted_at', models.DateTimeField(null=True, verbose_name='ricevuto dal gestionale')),
                ('failed_at', models.DateTimeField(null=True, verbose_name='abbandonato')),
                ('withdrawn_at', models.DateTimeField(null=True, verbose_name='ritirato')),
                ('last_answer', models.CharField(blank=True, max_length=200, verbose_name='ultima risposta')),
                ('id_sessione', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='pharmacy_sessions.idsessione')),
                ('webhook', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='calls', to='pharmacy_sessions.webhook')),
            ],
            options={
                'verbose_name': 'chiamata al gestionale',
                'verbose_name_plural': 'chiamate al gestionale',
            },
        ),
        migrations.AddIndex(
            model_name='bulkjob',
            index=models.Index(condition=models.Q(('finished_at', None), ('stopped_at', None)), fields=['asked_at'], name='bulk_under_way'),
        ),
        migrations.AddIndex(
            model_name='bulkitem',
            index=models.Index(condition=models.Q(('done_at', None), ('failed_at', None)), fields=['job', 'number'], name='bulk_item_left'),
        ),
        migrations.AddIndex(
            model_name='bulkitem',
            index=models.Index(fields=['job', 'number'], name='bulk_item_of_job'),
        ),
        migrations.AddConstraint(
            model_name='bulkitem',
            constraint=models.UniqueConstraint(fields=('job', 'pharmacy'), name='once_a_job'),
        ),
        migrations.AddConstraint(
            model_name='calendarlink',
            constraint=models.UniqueConstraint(condition=models.Q(('closed_at', None)), fields=('pharmacy',), name='one_open_calendar_per_pharmacy'),
        ),
        migrations.AddIndex(
            model_name='idsessione',
            index=models.Index(fields=['pharmacy', '-requested_at'], name='id_of_pharmacy'),
        ),
        migrations.AddIndex(
            model_name='idsessione',
            index=models.Index(fields=['utenza', 'context', '-requested_at'], name='id_of_utenza'),
        ),
        migrations.AddIndex(
            model_name='idsessione',
            index=models.Index(condition=models.Q(('revoked_at', None)), fields=['expires_at'], name='id_by_expiry'),
        ),
        migrations.AddIndex(
            model_name='idsessione',
            index=models.Index(condition=models.Q(('outlived_at', None), ('revoked_at', None)), fields=['expires_at'], name='id_last_of_pharmacy'),
        ),
        migrations.AddIndex(
            model_name='idsessione',
            index=models.Index(condition=models.Q(('revoked_at', None)), fields=['pharmacy', 'expires_at'], name='id_of_pharmacy_by_expiry'),
        ),
        migrations.AddIndex(
            model_name='idsessione',
            index=models.Index(condition=models.Q(('sealed__isnull', False)), fields=['expires_at'], name='id_sealed'),
        ),
        migrations.AddConstraint(
            model_name='idsessione',
            constraint=models.CheckConstraint(condition=models.Q(('expires_at__gt', models.F('requested_at'))), name='id_expires_after_request'),
        ),
        migrations.AddConstraint(
            model_name='idsessione',
            constraint=models.CheckConstraint(condition=models.Q(('closed_at', None), ('closed_at__gte', models.F('expires_at')), _connector='OR'), name='id_closed_after_expiry'),
        ),
        migrations.AddConstraint(
            model_name='idsessione',
            constraint=models.UniqueConstraint(condition=models.Q(('closed_at', None), ('first_used_at', None), ('revoked_at', None)), fields=('utenza', 'context'), name='one_validato_per_utenza'),
        ),
        migrations.AddConstraint(
            model_name='idsessione',
            constraint=models.UniqueConstraint(condition=models.Q(('closed_at', None), ('first_used_at__isnull', False), ('revoked_at', None)), fields=('utenza', 'context'), name='one_attivo_per_utenza'),
        ),
        migrations.AddConstraint(
            model_name='nightduty',
            constraint=models.UniqueConstraint(fields=('pharmacy', 'evening'), name='one_night_duty_an_evening'),
        ),
        migrations.AddIndex(
            model_name='reminder',
            index=models.Index(condition=models.Q(('settled_at', None)), fields=['due_at'], name='reminder_due'),
        ),
        migrations.AddIndex(
            model_name='reminder',
            index=models.Index(condition=models.Q(('settled_at', None)), fields=['pharmacy', 'due_at'], name='reminder_due_of_pharmacy'),
        ),
        migrations.AddIndex(
            model_name='reminder',
            index=models.Index(condition=models.Q(('copy__isnull', False)), fields=['copy'], name='reminder_of_copy'),
        ),
        migrations.AddIndex(
            model_name='reminder',
            index=models.Index(condition=models.Q(('skipped_because__in', ('no address', 'unreachable'))), fields=['due_at'], name='reminder_nowhere'),
        ),
        migrations.AddConstraint(
            model_name='reminder',
            constraint=models.UniqueConstraint(fields=('id_sessione', 'channel', 'minutes_before'), name='one_reminder_per_lead_time_and_channel'),
        ),
        migrations.AddIndex(
            model_name='supportnote',
            index=models.Index(fields=['pharmacy', '-opened_at'], name='note_of_pharmacy'),
        ),
        migrations.AddConstraint(
            model_name='supportnote',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('closed_at', None), ('closed_by', None)), models.Q(('closed_at__gte', models.F('opened_at')), ('closed_by__isnull', False)), _connector='OR'), name='note_is_closed_by_somebody'),
        ),
        migrations.AddConstraint(
            model_name='webhook',
            constraint=models.UniqueConstraint(condition=models.Q(('closed_at', None)), fields=('pharmacy',), name='one_open_webhook_per_pharmacy'),
        ),
        migrations.AddIndex(
            model_name='webhookcall',
            index=models.Index(condition=models.Q(('accepted_at', None), ('failed_at', None), ('withdrawn_at', None)), fields=['next_attempt_at'], name='call_due'),
        ),
        migrations.AddIndex(
            model_name='webhookcall',
            index=models.Index(fields=['webhook', '-created_at'], name='call_of_webhook'),
        ),
        migrations.AddConstraint(
            model_name='webhookcall',
            constraint=models.UniqueConstraint(fields=('webhook', 'id_sessione', 'event'), name='one_call_per_event_of_an_id'),
        ),
        migrations.AddConstraint(
            model_name='webhookcall',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('accepted_at', None), ('failed_at', None)), models.Q(('accepted_at', None), ('withdrawn_at', None)), models.Q(('failed_at', None), ('withdrawn_at', None)), _connector='OR'), name='call_ends_in_one_way'),
        ),
    ]
