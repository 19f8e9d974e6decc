from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('pharmacy_sessions', '0010_outlived_ids'),
    ]

    operations = [
        migrations.AddField(
            model_name='idsessione',
            name='ciphertext_fingerprint',
            field=models.BinaryField(max_length=32, null=True),
        ),
    ]
