"""The catalogues of messages: everything is collected, and whatever is missing is named."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po, write_po
from django.core.management import CommandError, call_command

from portal import catalogues

CODE = """
from django.utils.translation import gettext as _, ngettext, pgettext, gettext_lazy
hello = _("Hello, %(name)s")
files = ngettext("%(count)d file", "%(count)d files", 2)
may = pgettext("month", "May")
"""
PAGE = """{% load i18n %}
{% if deep %}
  {% trans "Sign in" %}
  {% blocktrans count counter=list|length trimmed %}
    One ticket
  {% plural %}
    {{ counter }} tickets
  {% endblocktrans %}
{% endif %}
"""
RUSSIAN = {
    "Hello, %(name)s": "Здравствуйте, %(name)s",
    "%(count)d file": ("%(count)d файл", "%(count)d файла", "%(count)d файлов"),
    "May": "май",
    "Sign in": "Войти",
    "One ticket": ("%(counter)s обращение", "%(counter)s обращения", "%(counter)s обращений"),
}


@pytest.fixture
def project(settings: Any, tmp_path: Path) -> Path:
    """A small project with one module and one template."""
    settings.BASE_DIR, settings.LOCALE_PATHS = tmp_path, [tmp_path / "locale"]
    for folder in ("portal", "portal/migrations", "templates"):
        (tmp_path / folder).mkdir()
    (tmp_path / "portal" / "words.py").write_text(CODE)
    (tmp_path / "portal" / "migrations" / "0001.py").write_text('_("Old words")')
    (tmp_path / "templates" / "page.html").write_text(PAGE)
    return tmp_path


def po(project: Path, language: str) -> Path:
    return project / "locale" / language / "LC_MESSAGES" / "django.po"


def translate(project: Path, **changes: Any) -> None:
    """Translate into Russian as a person does, in the text file; then collect again."""
    catalogues.collect()
    place = po(project, "ru")
    with place.open("rb") as file:
        catalogue = read_po(file, locale="ru")
    for message in catalogue:
        first = message.id[0] if isinstance(message.id, (tuple, list)) else message.id
        if first:
            message.string = {**RUSSIAN, **changes}[first]
    with place.open("wb") as file:
        write_po(file, catalogue)
    catalogues.collect()


def test_texts_of_code_and_templates_are_collected_and_those_of_migrations_are_not(
    project: Path,
) -> None:
    found = catalogues.template_catalogue()
    ids = {message.id for message in found if message.id}
    assert ids == {
        "Hello, %(name)s", ("%(count)d file", "%(count)d files"), "May", "Sign in",
        ("One ticket", "%(counter)s tickets"),
    }  # fmt: skip
    assert found.get("May", context="month") is not None


def test_english_is_complete_by_itself_and_russian_names_what_it_lacks(project: Path) -> None:
    catalogues.collect()
    assert {one for one in catalogues.problems() if one.startswith("en")} == set()
    lacking = [one for one in catalogues.problems() if one.startswith("ru: not translated")]
    assert len(lacking) == len(RUSSIAN)


def test_translated_catalogues_have_no_problems_and_are_compiled(project: Path) -> None:
    translate(project)
    assert list(catalogues.problems()) == []
    with po(project, "ru").with_suffix(".mo").open("rb") as file:
        compiled = read_mo(file)
    strings = {one.id if isinstance(one.id, str) else one.id[0]: one.string for one in compiled}
    assert strings["May"] == "май"
    assert strings["%(count)d file"][2] == "%(count)d файлов"


def test_collecting_twice_keeps_translations_and_changes_nothing(project: Path) -> None:
    translate(project)
    before = po(project, "ru").read_text()
    catalogues.collect()
    assert po(project, "ru").read_text() == before


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"Hello, %(name)s": "Здравствуйте, %(nome)s"}, "ru: unknown placeholder"),
        ({"May": ""}, "ru: not translated"),
        ({"%(count)d file": ("%(count)d файл", "", "%(count)d файлов")}, "ru: not translated"),
    ],
)
def test_a_bad_translation_is_named(changes: dict, said: str, project: Path) -> None:
    translate(project, **changes)
    assert [one for one in catalogues.problems() if one.startswith(said)]


def test_a_text_that_is_new_in_the_code_or_gone_from_it_is_named(project: Path) -> None:
    translate(project)
    (project / "templates" / "page.html").write_text('{% load i18n %}{% trans "Sign out" %}')
    found = list(catalogues.problems())
    assert "ru: not in the catalogue: 'Sign out'" in found
    assert "en: not in the catalogue: 'Sign out'" in found
    assert "ru: no longer in the code: 'Sign in'" in found


def test_a_translation_that_is_marked_as_unsure_is_named(project: Path) -> None:
    translate(project)
    place = po(project, "ru")
    place.write_text(place.read_text().replace('msgid "Sign in"', '#, fuzzy\nmsgid "Sign in"'))
    assert "ru: marked as unsure: 'Sign in'" in list(catalogues.problems())


def test_a_catalogue_that_was_edited_but_not_compiled_is_named(project: Path) -> None:
    translate(project)
    place = po(project, "ru")
    place.write_text(place.read_text().replace("Войти", "Вход"))
    assert [one for one in catalogues.problems() if "older than django.po" in one]


def test_the_command_fails_with_every_problem_and_passes_without(project: Path) -> None:
    catalogues.collect()
    errors = StringIO()
    with pytest.raises(CommandError, match="5 problems"):
        call_command("check_catalogues", stderr=errors)
    assert "Sign in" in errors.getvalue()
    translate(project)
    out = StringIO()
    call_command("check_catalogues", stdout=out)
    assert "complete" in out.getvalue()


def test_the_collecting_command_says_what_is_left_to_translate(project: Path) -> None:
    out = StringIO()
    call_command("collect_messages", stdout=out)
    assert "ru: not translated: 'Sign in'" in out.getvalue()
    assert "complete" not in out.getvalue()


def test_english_follows_a_text_that_gains_a_plural(project: Path) -> None:
    module = project / "portal" / "words.py"
    module.write_text('_("article")')
    catalogues.collect()
    module.write_text('ngettext("article", "articles", 2)')
    catalogues.collect()
    assert [one for one in catalogues.problems() if one.startswith("en")] == []


def test_a_plain_brace_is_no_placeholder() -> None:
    assert catalogues._placeholders("100 % { done") == set()
    assert catalogues._placeholders("{name} of {count}") == {"name", "count"}
