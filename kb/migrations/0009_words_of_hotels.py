from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

SYNONYMS = [
    ["бронь", "бронирование", "резерв"],
    ["лк", "личный кабинет"],
    ["модуль бронирования", "виджет бронирования"],
    ["чек", "кассовый чек", "фискальный документ"],
    ["предоплата", "аванс", "депозит"],
    ["возврат", "вернуть деньги", "рефанд"],
    ["отмена", "аннуляция", "отменить"],
    ["постоялец", "гость"],
    ["объект", "отель", "гостиница"],
    ["тариф", "прайс"],
    ["ота", "канал продаж", "агрегатор"],
    ["шахматка", "сетка номеров"],
    ["логин", "учётная запись", "аккаунт"],
    ["юрлицо", "юридическое лицо"],
]
STOP = ["подскажите", "пожалуйста", "здравствуйте", "скажите", "помогите", "хочу", "нужно"]


def teach(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Write what hotels say; the head of support edits it."""
    apps.get_model("kb", "Synonyms").objects.bulk_create(
        apps.get_model("kb", "Synonyms")(words=words) for words in SYNONYMS
    )
    apps.get_model("kb", "StopWord").objects.bulk_create(
        apps.get_model("kb", "StopWord")(word=word) for word in STOP
    )


class Migration(migrations.Migration):

    dependencies = [
        ('kb', '0008_audience_of_the_index'),
    ]

    operations = [migrations.RunPython(teach, migrations.RunPython.noop)]
