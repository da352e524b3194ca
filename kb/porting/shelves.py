"""The sections of a source, in ours: found again, made where there is none, in no circle, four deep."""

from collections.abc import Sequence
from dataclasses import replace

from django.utils.translation import gettext as _

from accounts.models import User
from kb import actions, slugs
from kb.models import OldAddress, Section, SectionIntake
from kb.porting.shape import Report, Shelf

DEEPEST = actions.DEEPEST
OTHER = Shelf(key="", title="", slug="other")


class Shelves:
    """Gives our section for the key of one of a source."""

    def __init__(self, shelves: Sequence[Shelf], report: Report) -> None:
        self.known = {one.key: one for one in shelves if one.key}
        self.by_slug = {one.slug: one for one in Section.objects.all()}
        intakes = SectionIntake.objects.filter(source_key__in=list(self.known))
        self.found = {one.source_key: one.section for one in intakes.select_related("section")}
        self.made: list[tuple[Section, str, Sequence[str]]] = []
        self._straighten(report)
        for key in self.known:
            self._place(key)

    def of(self, key: str) -> Section:
        """Give the section that stands for a key; for an unknown one, that for all else."""
        return self.found.get(key) or self.other()

    def other(self) -> Section:
        """Give the section for what stands in none."""
        section = self.by_slug.get(OTHER.slug)
        if section is None:
            section = Section(slug=OTHER.slug, title_ru=_("Other"), order=100)
            self.by_slug[OTHER.slug] = section
            self.made.append((section, "", ()))
        return section

    def write(self, actor: User | None) -> None:
        """Make the new ones, those above first, each level at once."""
        for depth in range(1, DEEPEST + 1):
            level = [one for one in self.made if one[0].pk is None and _depth(one[0]) == depth]
            for section, _key, _old in level:
                section.parent = section.parent  # now that it has a number
            named = [(one, key, self._free_old(old)) for one, key, old in level if key]
            alone = [(one, f"section:{one.slug}", ()) for one, key, _old in level if not key]
            if named or alone:
                actions.take_sections(sections=[*named, *alone], actor=actor)
        self.made = []

    def _free_old(self, old: Sequence[str]) -> list[str]:
        led = OldAddress.objects.filter(slug__in=old, section__isnull=False)
        taken = {*self.by_slug, *led.values_list("slug", flat=True)}
        return [slug for slug in old if slug not in taken]

    def _straighten(self, report: Report) -> None:
        """Let sections that stand within themselves, or too deep, stand higher; the report says so."""
        for key in list(self.known):
            above, passed = self.known[key].parent, {key}
            while above in self.known and above not in passed:
                passed.add(above)
                above = self.known[above].parent
            if above == key:  # what only leads into a circle may stay where it is
                report.misplace(
                    key, _("this section stands within itself; it stands at the top now")
                )
                self.known[key] = replace(self.known[key], parent="")
        for key in list(self.known):
            higher = self._above(key)
            if len(higher) >= DEEPEST:
                report.misplace(key, _("deeper than four sections; it stands in the fourth now"))
                self.known[key] = replace(self.known[key], parent=higher[-DEEPEST + 1])

    def _above(self, key: str) -> list[str]:
        """Give the keys above one, the nearest first."""
        found: list[str] = []
        above = self.known[key].parent
        while above in self.known and len(found) <= len(self.known):
            found.append(above)
            above = self.known[above].parent
        return found

    def _place(self, key: str) -> Section:
        if key in self.found:
            return self.found[key]
        shelf = self.known[key]
        section = self.by_slug.get(shelf.slug) if shelf.slug else None
        if section is None:
            section = self._make(shelf)
        self.found[key] = section
        return section

    def _make(self, shelf: Shelf) -> Section:
        slug = shelf.slug or slugs.free(slugs.of(shelf.title), self.by_slug)
        parent = self._place(shelf.parent) if shelf.parent in self.known else None
        section = Section(
            slug=slug,
            parent=parent,
            title_ru=shelf.title or slug,
            title_en=shelf.title_en,
            description_ru=shelf.description,
            description_en=shelf.description_en,
            icon=shelf.icon,
            order=shelf.order,
        )
        self.by_slug[slug] = section
        self.made.append((section, shelf.key, shelf.old_slugs))
        return section


def _depth(section: Section) -> int:
    depth, above = 1, section.parent
    while above is not None:
        depth, above = depth + 1, above.parent
    return depth
