"""The chain's own order. Lines sealed before keep their hashes: their places follow their links."""

from django.db import migrations, models

GENESIS = "0" * 64


def give_places(apps, schema_editor):
    events = apps.get_model("peersupport", "AuditEvent").objects
    sealed = {row["hash"]: row for row in events.exclude(hash="").values("id", "hash", "previous_hash")}
    following = {}
    for row in sealed.values():
        following.setdefault(row["previous_hash"], []).append(row)
    order, head = [], GENESIS
    while head in following:
        # Two lines behind one: the older order went on from the higher id and left the late one aside.
        *late, row = sorted(following.pop(head), key=lambda row: row["id"])
        order.append(row["id"])
        head = row["hash"]
        events.filter(id__in=[other["id"] for other in late]).update(hash="", previous_hash="")
        while late:  # what hung on the late ones goes with them: all are sealed anew
            late = [child for other in late for child in following.pop(other["hash"], [])]
            events.filter(id__in=[other["id"] for other in late]).update(hash="", previous_hash="")
    # Lines behind a gap keep their hashes and come last, so that a check still finds the gap.
    placed = set(order)
    behind_a_gap = events.exclude(hash="").exclude(id__in=placed).order_by("id").values_list("id", flat=True)
    for place, pk in enumerate([*order, *behind_a_gap], start=1):
        events.filter(id=pk).update(position=place)
    if order:
        apps.get_model("peersupport", "AuditHead").objects.create(id=1, position=len(order), hash=head)


class Migration(migrations.Migration):
    dependencies = [("peersupport", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="AuditHead",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.BigIntegerField(default=0)),
                ("hash", models.CharField(max_length=64)),
            ],
        ),
        migrations.AddField(
            model_name="auditevent",
            name="position",
            field=models.BigIntegerField(editable=False, null=True, unique=True),
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(condition=models.Q(("position", None)), fields=["id"], name="audit_unsealed"),
        ),
        migrations.RunPython(give_places, migrations.RunPython.noop),
    ]
