"""The schema of identity: the migrations of before the first release in one."""

import django.db.models.deletion
import portal.values.codice_fiscale
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    replaces = [
        ("identity", "0001_initial"),
        ("identity", "0002_password_failures"),
        ("identity", "0003_roles"),
        ("identity", "0005_what_was_asked"),
        ("identity", "0006_staff_access"),
        ("identity", "0007_session_across_sites"),
        ("identity", "0008_registry"),
        ("identity", "0009_login_evidence"),
        ("identity", "0010_card_tickets"),
        ("identity", "0011_login_subject"),
        ("identity", "0012_failures_by_door"),
    ]

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        migrations.CreateModel(
            name='LoginLink',
            fields=[
                ('position', models.BigIntegerField(primary_key=True, serialize=False)),
                ('row_id', models.BigIntegerField(unique=True)),
                ('keep_until', models.DateTimeField()),
                ('content', models.CharField(max_length=64)),
                ('digest', models.CharField(max_length=64)),
                ('sealed_at', models.DateTimeField()),
            ],
            options={
                'verbose_name': 'anello degli accessi',
                'verbose_name_plural': 'anelli degli accessi',
            },
        ),
        migrations.CreateModel(
            name='User',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('username', models.CharField(max_length=64, unique=True, verbose_name='nome utente')),
                ('codice_fiscale', models.CharField(blank=True, max_length=16, null=True, unique=True, validators=[portal.values.codice_fiscale.validate], verbose_name='codice fiscale')),
                ('given_name', models.CharField(blank=True, max_length=120, verbose_name='nome')),
                ('family_name', models.CharField(blank=True, max_length=120, verbose_name='cognome')),
                ('is_staff', models.BooleanField(default=False, verbose_name='operatore')),
                ('is_active', models.BooleanField(default=True, verbose_name='abilitato')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='creato il')),
                ('password_given_at', models.DateTimeField(blank=True, null=True)),
                ('limited_to', models.JSONField(blank=True, default=list, verbose_name='limitato a')),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
            ],
            options={
                'verbose_name': 'utente',
                'verbose_name_plural': 'utenti',
                'permissions': [('lettura', 'Consulta le pagine degli operatori'), ('assistenza', 'Invia di nuovo, sblocca, scrive note'), ('sicurezza', 'Revoca, blocca, legge il registro attività'), ('amministrazione', 'Gestisce operatori, contesti e certificati')],
            },
        ),
        migrations.CreateModel(
            name='LoginTransaction',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state_hash', models.CharField(max_length=64, unique=True)),
                ('browser_hash', models.CharField(max_length=64)),
                ('provider', models.CharField(max_length=32)),
                ('issuer', models.CharField(blank=True, max_length=255)),
                ('request_id', models.CharField(max_length=64, null=True, unique=True)),
                ('sealed_request', models.BinaryField(null=True)),
                ('sealed_session', models.BinaryField(null=True)),
                ('ticket_hash', models.CharField(blank=True, max_length=64)),
                ('ticket_expires_at', models.DateTimeField(null=True)),
                ('sealed_card', models.BinaryField(null=True)),
                ('next_url', models.CharField(blank=True, max_length=500)),
                ('started_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('consumed_at', models.DateTimeField(null=True)),
            ],
            options={
                'verbose_name': 'accesso in corso',
                'verbose_name_plural': 'accessi in corso',
                'indexes': [models.Index(fields=['expires_at'], name='login_transaction_expiry')],
            },
        ),
        migrations.CreateModel(
            name='PasswordFailure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('door', models.CharField(db_default='', default='', max_length=40)),
                ('username_hash', models.CharField(max_length=64, null=True)),
                ('address_hash', models.CharField(max_length=64, null=True)),
                ('at', models.DateTimeField()),
            ],
            options={
                'verbose_name': 'password errata',
                'verbose_name_plural': 'password errate',
                'indexes': [models.Index(fields=['username_hash', '-at'], name='failure_username'), models.Index(fields=['address_hash', '-at'], name='failure_address'), models.Index(fields=['at'], name='failure_at')],
                'constraints': [models.CheckConstraint(condition=models.Q(('door', ''), models.Q(models.Q(('username_hash', ''), _negated=True), models.Q(('address_hash', ''), _negated=True)), _connector='OR'), name='failure_names_are_not_empty')],
            },
        ),
        migrations.CreateModel(
            name='RegisteredProvider',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('door', models.CharField(max_length=32)),
                ('entity_id', models.CharField(max_length=255)),
                ('document', models.TextField()),
                ('digest', models.CharField(max_length=64)),
                ('loaded_at', models.DateTimeField()),
                ('replaced_at', models.DateTimeField(null=True)),
            ],
            options={
                'verbose_name': 'gestore di identità',
                'verbose_name_plural': 'gestori di identità',
                'constraints': [models.UniqueConstraint(condition=models.Q(('replaced_at', None)), fields=('door', 'entity_id'), name='one_current_provider')],
            },
        ),
        migrations.CreateModel(
            name='RegistryReading',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('door', models.CharField(max_length=32)),
                ('at', models.DateTimeField()),
                ('source', models.CharField(max_length=300)),
                ('providers', models.PositiveIntegerField(default=0)),
                ('refused_because', models.CharField(blank=True, max_length=300)),
            ],
            options={
                'verbose_name': 'lettura di un registro',
                'verbose_name_plural': 'letture dei registri',
                'indexes': [models.Index(fields=['door', '-id'], name='registry_reading_newest')],
            },
        ),
        migrations.CreateModel(
            name='StaffRecoveryCode',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code_hash', models.CharField(max_length=64, unique=True)),
                ('made_at', models.DateTimeField()),
                ('used_at', models.DateTimeField(null=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='recovery_codes', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'codice di recupero',
                'verbose_name_plural': 'codici di recupero',
            },
        ),
        migrations.CreateModel(
            name='StaffTotp',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='The human-readable name of this device.', max_length=64)),
                ('confirmed', models.BooleanField(default=True, help_text='Is this device ready for use?')),
                ('throttling_failure_timestamp', models.DateTimeField(blank=True, default=None, help_text='A timestamp of the last failed verification attempt. Null if last attempt succeeded.', null=True)),
                ('throttling_failure_count', models.PositiveIntegerField(default=0, help_text='Number of successive failed attempts.')),
                ('created_at', models.DateTimeField(auto_now_add=True, help_text='The date and time when this device was initially created in the system.', null=True)),
                ('last_used_at', models.DateTimeField(blank=True, help_text='The most recent date and time this device was used.', null=True)),
                ('sealed_secret', models.BinaryField()),
                ('last_t', models.BigIntegerField(default=-1)),
                ('user', models.ForeignKey(help_text='The user that this device belongs to.', on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'app di autenticazione',
                'verbose_name_plural': 'app di autenticazione',
            },
        ),
        migrations.CreateModel(
            name='LoginRecord',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('provider', models.CharField(max_length=32)),
                ('level', models.PositiveSmallIntegerField(null=True)),
                ('outcome', models.CharField(max_length=40)),
                ('at', models.DateTimeField()),
                ('asked_at', models.DateTimeField(null=True)),
                ('issuer', models.CharField(blank=True, max_length=255)),
                ('request_id', models.CharField(blank=True, max_length=64)),
                ('answer_id', models.CharField(blank=True, max_length=255)),
                ('assertion_id', models.CharField(blank=True, max_length=255)),
                ('person_hash', models.CharField(blank=True, max_length=64)),
                ('subject_hash', models.CharField(blank=True, db_default='', default='', max_length=64)),
                ('sealed_request', models.BinaryField(null=True)),
                ('sealed_response', models.BinaryField(null=True)),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='logins', to=settings.AUTH_USER_MODEL)),
                ('transaction', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='identity.logintransaction')),
            ],
            options={
                'verbose_name': 'accesso',
                'verbose_name_plural': 'accessi',
                'indexes': [models.Index(fields=['user', '-at'], name='login_record_of_user'), models.Index(fields=['at'], name='login_record_at'), models.Index(condition=models.Q(('person_hash', ''), _negated=True), fields=['person_hash', '-at'], name='login_record_of_person'), models.Index(condition=models.Q(('subject_hash', ''), _negated=True), fields=['subject_hash'], name='login_record_of_subject')],
            },
        ),
        migrations.CreateModel(
            name='StaffSession',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sealed_key', models.BinaryField()),
                ('started_at', models.DateTimeField(verbose_name='iniziato il')),
                ('seen_at', models.DateTimeField(verbose_name='usato l’ultima volta il')),
                ('closed_at', models.DateTimeField(null=True, verbose_name='chiuso il')),
                ('origin', models.CharField(blank=True, max_length=45, verbose_name='da dove')),
                ('browser', models.CharField(blank=True, max_length=60, verbose_name='con che cosa')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='staff_sessions', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'collegamento di un operatore',
                'verbose_name_plural': 'collegamenti degli operatori',
                'indexes': [models.Index(fields=['user', '-started_at'], name='session_of_staff')],
            },
        ),
    ]
