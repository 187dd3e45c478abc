"""Plain operations of an app whose models are all private."""

from django.db import migrations

KINDS = ("lion", "goat")

MAKE_LOG = """
CREATE TABLE zoo_log (id serial PRIMARY KEY, line text NOT NULL, at timestamptz DEFAULT now());
COMMENT ON TABLE zoo_log IS 'what happened; and to whom';
CREATE FUNCTION zoo_note() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    INSERT INTO zoo_log (line) VALUES (new.name);
    RETURN new;
END
$body$;
CREATE TRIGGER zoo_note AFTER INSERT ON zoo_animal FOR EACH ROW EXECUTE FUNCTION zoo_note();
CREATE VIEW zoo_heavy AS SELECT id, name FROM zoo_animal WHERE heavy;
INSERT INTO zoo_log (line) VALUES ('opened'), ('100% open');
"""

DROP_LOG = """
DROP VIEW zoo_heavy;
DROP TRIGGER zoo_note ON zoo_animal;
DROP FUNCTION zoo_note();
DROP TABLE zoo_log;
"""


def make_kinds(apps, schema_editor):
    kinds = apps.get_model("zoo", "Kind").objects.using(schema_editor.connection.alias)
    for name in KINDS:
        kinds.create(name=name)


def unmake_kinds(apps, schema_editor):
    kinds = apps.get_model("zoo", "Kind").objects.using(schema_editor.connection.alias)
    kinds.filter(name__in=KINDS).delete()


class Migration(migrations.Migration):
    dependencies = [("zoo", "0001_initial")]

    operations = [
        migrations.RunPython(make_kinds, unmake_kinds),
        migrations.RunSQL(MAKE_LOG, DROP_LOG),
    ]
