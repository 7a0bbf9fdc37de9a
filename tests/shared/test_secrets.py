"""Keys and what they protect: sealed values, people, secret links, and settings that refuse development secrets."""

import hmac
from base64 import b64decode, b64encode
from typing import Any, ClassVar
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, SecretStr, ValidationError

from shared.auth import TokenCheck
from shared.events.base import Sealed
from shared.links import LinkInvalid, Links
from shared.people import People, Person
from shared.sealing import NotReadable, Sealer, new_key_pair, public_key_of
from shared.settings import SERVICES, Platform, ServiceSettings, development_secret
from shared.web.staff.session import Session, Started
from shared.web.staff.sign_in import SignIn, SignInFailed

SECRET = SecretStr(development_secret("test"))
OTHER = SecretStr(development_secret("other"))


class Note(BaseModel):
    text: str


def sealers() -> tuple[Sealer, Sealer]:
    private, public = new_key_pair()
    writer = Sealer([], {"reader": f"k2:{public}"})
    old_private, _ = new_key_pair()
    return writer, Sealer([SecretStr(f"k2:{private}"), SecretStr(f"k1:{old_private}")], {})


def test_only_the_reader_opens_what_was_sealed_to_it() -> None:
    writer, reader = sealers()
    matter = uuid4()
    sealed = writer.seal("reader", matter, Note(text="Anna"))
    assert reader.open(sealed, matter, Note).text == "Anna"
    assert b"Anna" not in b64decode(sealed.box)
    with pytest.raises(NotReadable):
        sealers()[1].open(sealed, matter, Note)


def test_a_box_cannot_be_moved_to_another_matter_or_changed() -> None:
    writer, reader = sealers()
    matter = uuid4()
    sealed = writer.seal("reader", matter, Note(text="Anna"))
    with pytest.raises(NotReadable, match="another matter"):
        reader.open(sealed, uuid4(), Note)
    broken = bytearray(b64decode(sealed.box))
    broken[-1] ^= 1
    with pytest.raises(NotReadable):
        reader.open(Sealed(key=sealed.key, box=b64encode(broken).decode()), matter, Note)
    with pytest.raises(NotReadable):
        reader.open(Sealed(key="unknown", box=sealed.box), matter, Note)
    with pytest.raises(NotReadable):
        reader.open(Sealed(key=sealed.key, box="not base64 at all"), matter, Note)


def test_values_sealed_with_an_older_key_stay_readable() -> None:
    old_private, old_public = new_key_pair()
    new_private, _ = new_key_pair()
    matter = uuid4()
    sealed = Sealer([], {"reader": f"old:{old_public}"}).seal("reader", matter, Note(text="x"))
    rotated = Sealer([SecretStr(f"new:{new_private}"), SecretStr(f"old:{old_private}")], {})
    assert rotated.open(sealed, matter, Note).text == "x"
    assert public_key_of(SecretStr(f"old:{old_private}")) == f"old:{old_public}"


def test_a_person_key_names_the_same_address_the_same_way_and_tells_nothing() -> None:
    people = People(SECRET, OTHER)
    key = people.person_key(Person(name="Anna", mail="Anna@Example.org"))
    assert key == people.person_key(Person(name="A. Muster", mail=" anna@example.ORG", phone="+4915123456789"))
    assert key != people.person_key(Person(name="Anna", phone="+4915123456789"))
    assert key != People(SECRET, SECRET).person_key(Person(name="Anna", mail="anna@example.org"))
    assert "anna" not in key


def test_a_persons_row_is_encrypted() -> None:
    people = People(SECRET, OTHER)
    box = people.row(uuid4(), Person(name="Anna Muster", mail="anna@example.org"))["box"]
    assert isinstance(box, bytes)
    assert b"Anna" not in box
    assert people.open(box).name == "Anna Muster"


def test_what_is_wrong_with_a_person_is_said_without_what_they_typed() -> None:
    with pytest.raises(ValidationError) as refused:
        Person.model_validate({"name": "Anna Muster", "phone": ["+4915123456789"]})
    assert "4915123456789" not in str(refused.value)


def test_a_name_that_looks_like_an_address_is_not_the_person_of_that_address() -> None:
    people = People(SECRET, OTHER)
    assert people.person_key(Person(name="anna@example.org")) != people.person_key(
        Person(name="Anna", mail="anna@example.org")
    )


def test_a_link_token_gives_back_its_matter_and_generation() -> None:
    links, matter = Links(SECRET), uuid4()
    token = links.token("manage", matter, 3)
    assert links.read("manage", token) == (matter, 3)
    assert token == links.token("manage", matter, 3), "recomputed, never stored"
    for wrong in (Links(OTHER).token("manage", matter, 3), links.token("offer", matter, 3)):
        with pytest.raises(LinkInvalid):
            links.read("manage", wrong)


@given(st.text(max_size=80))
def test_made_up_tokens_are_refused(token: str) -> None:
    with pytest.raises(LinkInvalid):
        Links(SECRET).read("manage", token)


@given(st.integers(0, 45), st.sampled_from("AZaz09-_"))
def test_a_changed_token_is_refused(position: int, letter: str) -> None:
    links, matter = Links(SECRET), uuid4()
    token = links.token("manage", matter, 1)
    changed = token[:position] + letter + token[position + 1 :]
    try:
        assert links.read("manage", changed) == (matter, 1)
        assert b64bytes(changed) == b64bytes(token), "only spellings of the same bytes may pass"
    except LinkInvalid:
        pass


def b64bytes(token: str) -> bytes:
    from base64 import urlsafe_b64decode

    return urlsafe_b64decode(token + "=" * (-len(token) % 4))


class ProductionSettings(ServiceSettings):
    service: ClassVar[str] = "appointments"


def production(**changes: object) -> Platform:
    own = b64encode(b"p" * 32).decode()
    keys = dict.fromkeys(SERVICES, f"k:{own}")
    addresses = {"public_url": "https://nahbar.example", "oidc_issuer": "https://login.example"}
    secrets = {"person_secret": own, "oidc_client_secret": own, "public_keys": keys}
    values = {"environment": "production"} | secrets | addresses | changes
    return Platform.model_validate(values)


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"person_secret": development_secret("person")}, "NAHBAR_PERSON_SECRET"),
        ({"oidc_client_secret": "nahbar-development"}, "NAHBAR_OIDC_CLIENT_SECRET"),
        ({"person_secret": ""}, "NAHBAR_PERSON_SECRET"),
        ({"oidc_client_secret": ""}, "NAHBAR_OIDC_CLIENT_SECRET"),
        ({"public_keys": {}}, "NAHBAR_PUBLIC_KEYS"),
        ({"clock_file": "/tmp/clock"}, "NAHBAR_CLOCK_FILE"),
        ({"public_url": "http://nahbar.example"}, "NAHBAR_PUBLIC_URL"),
        ({"oidc_issuer": "http://login.example"}, "NAHBAR_OIDC_ISSUER"),
    ],
)
def test_production_refuses_development_settings_of_the_platform(changes: dict[str, object], names: str) -> None:
    with pytest.raises(ValidationError, match=names):
        production(**changes)


@pytest.mark.parametrize("field", ["people_secret", "link_secret", "session_secret", "private_keys"])
def test_production_refuses_missing_and_development_secrets_of_a_service(field: str) -> None:
    own = SecretStr(b64encode(b"s" * 32).decode())
    good: dict[str, Any] = {
        "people_secret": own,
        "link_secret": own,
        "session_secret": own,
        "private_keys": [SecretStr(f"k:{own.get_secret_value()}")],
    }
    ProductionSettings(platform=production(), **good)
    with pytest.raises(ValidationError, match=field.upper()):
        ProductionSettings(platform=production(), **{name: good[name] for name in good if name != field})
    development = getattr(ProductionSettings(platform=Platform()), field)
    with pytest.raises(ValidationError, match=field.upper()):
        ProductionSettings(platform=production(), **(good | {field: development}))


async def test_secrets_are_compared_in_a_time_that_tells_nothing_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[object] = []
    constant = hmac.compare_digest

    def compare(one: Any, other: Any) -> bool:
        compared.append(other)
        return constant(one, other)

    monkeypatch.setattr("hmac.compare_digest", compare)
    monkeypatch.setattr("secrets.compare_digest", compare)
    links, started = Links(SECRET), Started(to="/")
    links.read("manage", links.token("manage", uuid4(), 1))
    assert len(compared) == 1
    session = Session(subject="ruth", roles=frozenset())
    assert session.allows(session.form_token)
    assert len(compared) == 2
    with pytest.raises(SignInFailed):
        await SignIn(TokenCheck("", ""), "", SECRET, "").session(started, {"state": started.state})
    assert len(compared) == 3
