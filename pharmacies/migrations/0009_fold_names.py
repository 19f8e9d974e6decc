"""What every pharmacy is found by, in batches: a search waits for none of them longer than for one."""

from django.db import migrations, transaction

from pharmacies.folding import folded

AT_ONCE = 1000


def fold(apps, schema_editor):
    pharmacies = apps.get_model("pharmacies", "Pharmacy").objects
    last = 0
    while last is not None:
        last = fold_some(pharmacies, last)


@transaction.atomic
def fold_some(pharmacies, last):
    """The next ones after this key, locked in their order; the last key, None when there is none."""
    rows = pharmacies.filter(pk__gt=last).order_by("pk").only("name", "comune")
    batch = list(rows.select_for_update(no_key=True)[:AT_ONCE])
    if batch:
        for row in batch:
            lowered = row.name.lower()
            is_told = "farmacia" in lowered or "dispensario" in lowered
            row.found_by = folded(f"{'' if is_told else 'Farmacia '}{row.name} {row.comune}")[:300]
        pharmacies.bulk_update(batch, ["found_by"], batch_size=250)
    return batch[-1].pk if batch else None


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('pharmacies', '0008_found_by'),
    ]

    operations = [
        migrations.RunPython(fold, migrations.RunPython.noop, elidable=True),
    ]
