"""Another try holds copies of what was said in its chat, and was shared where that chat is not."""

from django.db import migrations


def keep_from_trainers(apps, schema_editor):
    chats = apps.get_model("peersupport", "PracticeChat").objects
    while chats.filter(is_try=True, shared=True, parent__shared=False).update(shared=False):
        pass  # tries have tries of their own


class Migration(migrations.Migration):
    dependencies = [("peersupport", "0015_no_forms_in_attempts")]

    operations = [migrations.RunPython(keep_from_trainers, migrations.RunPython.noop, elidable=True)]
