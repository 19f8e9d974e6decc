"""The schema of pharmacies: the migrations of before the first release in one."""

import django.db.models.deletion
import portal.values.codice_fiscale
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    replaces = [
        ("pharmacies", "0001_initial"),
        ("pharmacies", "0002_utenza_block"),
        ("pharmacies", "0003_code_mailbox"),
        ("pharmacies", "0004_reachable_again"),
        ("pharmacies", "0005_register_change"),
        ("pharmacies", "0006_ascii_domains"),
        ("pharmacies", "0007_register_closings"),
        ("pharmacies", "0008_found_by"),
        ("pharmacies", "0009_fold_names"),
        ("pharmacies", "0010_found_by_index"),
        ("pharmacies", "0011_pec_domains"),
    ]

    dependencies = [
        ('outbox', '0001_squashed'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='PecDomain',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('domain', models.CharField(max_length=253, unique=True, verbose_name='dominio')),
                ('added_at', models.DateTimeField(verbose_name='aggiunto il')),
            ],
            options={
                'verbose_name': 'dominio PEC',
                'verbose_name_plural': 'domini PEC',
                'ordering': ['domain'],
            },
        ),
        migrations.CreateModel(
            name='Pharmacy',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=10, unique=True, verbose_name='codice')),
                ('name', models.CharField(max_length=160, verbose_name='nome')),
                ('partita_iva', models.CharField(blank=True, max_length=20, verbose_name='partita IVA')),
                ('address', models.CharField(blank=True, max_length=200, verbose_name='indirizzo')),
                ('cap', models.CharField(blank=True, max_length=5, verbose_name='CAP')),
                ('comune', models.CharField(max_length=80, verbose_name='comune')),
                ('comune_code', models.CharField(blank=True, max_length=6, verbose_name='codice comune')),
                ('province', models.CharField(blank=True, max_length=2, verbose_name='provincia')),
                ('region_code', models.CharField(blank=True, max_length=3, verbose_name='codice regione')),
                ('region', models.CharField(blank=True, max_length=60, verbose_name='regione')),
                ('asl_code', models.CharField(blank=True, max_length=10, verbose_name='codice ASL')),
                ('type', models.PositiveSmallIntegerField(choices=[(1, 'Ordinaria'), (2, 'Succursale'), (3, 'Dispensario'), (4, 'Dispensario stagionale')], default=1, verbose_name='tipologia')),
                ('valid_from', models.DateField(null=True, verbose_name='valida dal')),
                ('closed_on', models.DateField(null=True, verbose_name='chiusa dal')),
                ('closing_noted_at', models.DateTimeField(null=True, verbose_name='chiusura scritta il')),
                ('closing_waits', models.DateField(null=True, verbose_name='chiusura da confermare, dal')),
                ('absent_since', models.DateField(null=True, verbose_name='manca dal registro dal')),
                ('doubts', models.JSONField(blank=True, default=list, verbose_name='dati dubbi')),
                ('imported_at', models.DateTimeField(null=True, verbose_name='ultimo aggiornamento')),
                ('found_by', models.CharField(db_default='', default='', editable=False, max_length=300)),
            ],
            options={
                'verbose_name': 'farmacia',
                'verbose_name_plural': 'farmacie',
                'ordering': ['name', 'code'],
                'indexes': [models.Index(fields=['province', 'name'], name='pharmacy_by_province'), models.Index(fields=['found_by'], name='pharmacy_found_by'), models.Index(fields=['partita_iva'], name='pharmacy_by_partita_iva'), models.Index(condition=models.Q(('closing_noted_at__isnull', False)), fields=['closing_noted_at'], name='pharmacy_closing_noted'), models.Index(condition=models.Q(('closing_waits__isnull', False)), fields=['closing_waits'], name='pharmacy_closing_waits')],
            },
        ),
        migrations.CreateModel(
            name='MailCertification',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('address', models.EmailField(max_length=254, verbose_name='indirizzo')),
                ('address_key', models.CharField(max_length=254)),
                ('requested_at', models.DateTimeField(verbose_name='richiesta il')),
                ('failed_attempts', models.PositiveSmallIntegerField(default=0, verbose_name='codici errati')),
                ('last_failed_at', models.DateTimeField(null=True)),
                ('last_wrong_hash', models.CharField(blank=True, max_length=64)),
                ('certified_at', models.DateTimeField(null=True, verbose_name='certificata il')),
                ('certified_with', models.CharField(blank=True, max_length=60, verbose_name='con')),
                ('withdrawn_at', models.DateTimeField(null=True, verbose_name='rinunciata il')),
                ('replaced_at', models.DateTimeField(null=True, verbose_name='sostituita il')),
                ('revoked_at', models.DateTimeField(null=True, verbose_name='revocata il')),
                ('undeliverable_at', models.DateTimeField(null=True, verbose_name='non raggiungibile dal')),
                ('reachable_again_at', models.DateTimeField(null=True, verbose_name='di nuovo raggiungibile dal')),
                ('certified_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='certificata da')),
                ('requested_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='richiesta da')),
                ('pharmacy', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='certifications', to='pharmacies.pharmacy', verbose_name='farmacia')),
            ],
            options={
                'verbose_name': "certificazione dell'indirizzo",
                'verbose_name_plural': 'certificazioni degli indirizzi',
            },
        ),
        migrations.CreateModel(
            name='RegisterChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(verbose_name='quando')),
                ('field', models.CharField(max_length=30, verbose_name='dato')),
                ('was', models.CharField(blank=True, max_length=200, verbose_name='era')),
                ('became', models.CharField(blank=True, max_length=200, verbose_name='è diventato')),
                ('pharmacy', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='register_changes', to='pharmacies.pharmacy', verbose_name='farmacia')),
            ],
            options={
                'verbose_name': 'variazione del registro',
                'verbose_name_plural': 'variazioni del registro',
            },
        ),
        migrations.CreateModel(
            name='RegisterImport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(verbose_name='quando')),
                ('file', models.CharField(max_length=80, verbose_name='file')),
                ('day', models.DateField(verbose_name='giorno del file')),
                ('rows', models.PositiveIntegerField(verbose_name='righe')),
                ('pharmacies', models.PositiveIntegerField(verbose_name='farmacie')),
                ('unnamed', models.PositiveIntegerField(verbose_name='righe senza codice leggibile')),
                ('flaw', models.CharField(blank=True, max_length=20, verbose_name='perché non è intero')),
                ('accepted_because', models.CharField(blank=True, max_length=200, verbose_name='preso per intero perché')),
            ],
            options={
                'verbose_name': 'lettura del registro',
                'verbose_name_plural': 'letture del registro',
                'indexes': [models.Index(fields=['-at'], name='register_import_newest')],
            },
        ),
        migrations.CreateModel(
            name='Utenza',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('user_id', models.CharField(max_length=16, unique=True, verbose_name='userId')),
                ('password', models.CharField(max_length=128)),
                ('pincode', models.CharField(max_length=128)),
                ('codice_fiscale', models.CharField(max_length=16, verbose_name='codice fiscale')),
                ('codice_regione', models.CharField(max_length=3, verbose_name='codice regione')),
                ('codice_asl', models.CharField(max_length=3, verbose_name='codice ASL/AO')),
                ('codice_ssa', models.CharField(max_length=6, verbose_name='codice SSA')),
                ('created_at', models.DateTimeField(verbose_name='creata il')),
                ('password_changed_at', models.DateTimeField(verbose_name='password cambiata il')),
                ('disabled_at', models.DateTimeField(blank=True, null=True, verbose_name='disabilitata il')),
                ('blocked_at', models.DateTimeField(blank=True, null=True, verbose_name='bloccata il')),
                ('blocked_because', models.CharField(blank=True, max_length=200, verbose_name='motivo del blocco')),
                ('unblocked_at', models.DateTimeField(blank=True, null=True, verbose_name='sbloccata il')),
                ('blocked_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('pharmacy', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='utenze', to='pharmacies.pharmacy', verbose_name='farmacia')),
            ],
            options={
                'verbose_name': 'utenza',
                'verbose_name_plural': 'utenze',
                'ordering': ['user_id'],
            },
        ),
        migrations.CreateModel(
            name='CodiceValidazione',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('mailbox', models.CharField(blank=True, default='', max_length=254)),
                ('code_hash', models.CharField(max_length=64)),
                ('sent_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('letter', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='outbox.outgoingmail')),
                ('certification', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='codes', to='pharmacies.mailcertification')),
            ],
            options={
                'verbose_name': 'codice di validazione',
                'verbose_name_plural': 'codici di validazione',
                'ordering': ['-sent_at', '-pk'],
                'indexes': [models.Index(fields=['certification', '-sent_at'], name='code_of_certification'), models.Index(fields=['mailbox', '-sent_at'], name='code_of_mailbox')],
            },
        ),
        migrations.CreateModel(
            name='Office',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('codice_fiscale', models.CharField(db_index=True, max_length=16, validators=[portal.values.codice_fiscale.validate], verbose_name='codice fiscale')),
                ('role', models.CharField(choices=[('titolare', 'titolare'), ('direttore', 'direttore'), ('delegate', 'delegato')], max_length=10, verbose_name='ruolo')),
                ('since', models.DateTimeField(verbose_name='dal')),
                ('until', models.DateTimeField(blank=True, null=True, verbose_name='fino al')),
                ('pharmacy', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='offices', to='pharmacies.pharmacy', verbose_name='farmacia')),
            ],
            options={
                'verbose_name': 'incarico',
                'verbose_name_plural': 'incarichi',
                'constraints': [models.CheckConstraint(condition=models.Q(('until', None), ('until__gt', models.F('since')), _connector='OR'), name='office_ends_after_it_starts'), models.UniqueConstraint(condition=models.Q(('until', None)), fields=('pharmacy', 'codice_fiscale', 'role'), name='office_once_at_a_time')],
            },
        ),
        migrations.AddIndex(
            model_name='mailcertification',
            index=models.Index(fields=['pharmacy', '-requested_at'], name='certification_of_pharmacy'),
        ),
        migrations.AddIndex(
            model_name='mailcertification',
            index=models.Index(fields=['address_key'], name='certification_of_address'),
        ),
        migrations.AddConstraint(
            model_name='mailcertification',
            constraint=models.UniqueConstraint(condition=models.Q(('certified_at__isnull', False), ('replaced_at', None), ('revoked_at', None)), fields=('pharmacy',), name='one_certified_address_per_pharmacy'),
        ),
        migrations.AddIndex(
            model_name='registerchange',
            index=models.Index(fields=['pharmacy', '-at'], name='change_of_pharmacy'),
        ),
    ]
