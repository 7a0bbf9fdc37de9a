"""The one list of services: each says of itself all that is needed, in every language of pages."""

import re

import pytest

from deploy.local.far_ends.staff import staff_of
from deploy.services import MANIFESTS
from shared.manifest import Manifest, Task, Words
from shared.settings import SERVICES
from shared.web.i18n import LANGUAGES
from shared.web.portal import PLANNED


def said(manifest: Manifest) -> list[Words]:
    return [manifest.area.title, manifest.area.text, *(text for task in manifest.tasks for text in _of(task))]


def _of(task: Task) -> tuple[Words, Words]:
    return task.title, task.text


ALL = [*(text for each in MANIFESTS for text in said(each)), *(text for task in PLANNED for text in _of(task))]


def test_each_service_speaks_for_itself() -> None:
    assert tuple(each.name for each in MANIFESTS) == SERVICES
    assert tuple(each.area.service for each in MANIFESTS) == SERVICES
    aliases = [task.alias for each in MANIFESTS for task in each.tasks]
    assert len(set(aliases)) == len(aliases)
    assert [task.path for each in MANIFESTS for task in each.tasks if not task.path.startswith(f"/{each.name}/")] == []


@pytest.mark.parametrize("words", ALL, ids=lambda words: words["en"])
def test_what_others_show_is_said_in_every_language_of_pages_in_our_style(words: Words) -> None:
    assert set(words) == {each.code for each in LANGUAGES}
    for text in words.values():
        assert text.strip()
        assert not re.search(r"(^|[.!?] )(Wer|Wen|Who|Whoever|Whom) [^?]*($|[.!])", text)
        assert not re.search(r"(?<![Aa]b)bestell|Bestellung", text)


def test_roles_of_the_trial_staff_exist() -> None:
    roles = {f"{each.name}:{role}" for each in MANIFESTS for role in each.roles} | {"platform:operator"}
    given = {role for member in staff_of(MANIFESTS).values() for role in member.roles}
    assert given == roles
