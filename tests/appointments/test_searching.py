"""The search in the list of services: words people use, each with the services that must be found first."""

import pytest

from services.appointments.offer.domain import Service
from services.appointments.offer.searching import Found, Vocabulary, fold, search
from shared.city import City

CITY = City.load("duisburg")
SERVICES = [Service(each.key, each.names, each.bring, each.minutes, each.situation) for each in CITY.services]
VOCABULARY = Vocabulary({each.key: each.words for each in CITY.services}, CITY.life_situations)

HITS = {
    # Life situations, and words for them
    "Umzug": "wohnsitz-anmelden",
    "Umziehen": "wohnsitz-anmelden",
    "Ummeldung": "wohnsitz-anmelden",
    "Ummelden": "wohnsitz-anmelden",
    "Anmeldung": "wohnsitz-anmelden",
    "Abmeldung": "wohnsitz-abmelden",
    "neue Wohnung": "wohnsitz-anmelden",
    "Adressänderung": "wohnsitz-anmelden",
    "Adresse ändern": "adresse-im-ausweis",
    "Einwohnermeldeamt": "wohnsitz-anmelden",
    "Zuzug": "wohnsitz-anmelden",
    "Auszug": "wohnsitz-abmelden",
    "auswandern": "wohnsitz-abmelden",
    "Zweitwohnung": "nebenwohnung",
    "Familie": "familienanmeldung",
    "Baby": "kinder-reisepass",
    "Geburt": "kinder-reisepass",
    "Heirat": "personalausweis",
    "heiraten": "personalausweis",
    "Rente": "lebensbescheinigung",
    "Urlaub": "reisepass",
    # Papers
    "Perso": "personalausweis",
    "Ausweis": "personalausweis",
    "Ausweis verlängern": "personalausweis",
    "ausweis abgelaufen": "personalausweis",
    "ich will meinen Ausweis verlängern": "personalausweis",
    "Personalausweis verlängern": "personalausweis",
    "Pass": "reisepass",
    "Reise-Pass": "reisepass",
    "Notpass": "vorlaeufiger-reisepass",
    "Kinderausweis": "kinder-personalausweis",
    "Kinderreisepass": "kinder-reisepass",
    "Ausweis verloren": "verlust-melden",
    "gestohlen": "verlust-melden",
    "PIN vergessen": "online-ausweis",
    "eID": "online-ausweis",
    "Führungszeugnis": "fuehrungszeugnis",
    "polizeiliches Führungszeugnis": "fuehrungszeugnis",
    "Meldebescheinigung": "meldebescheinigung",
    "Meldebestätigung": "meldebescheinigung",
    "Zeugnis beglaubigen": "beglaubigung",
    "beglaubigte Kopie": "beglaubigung",
    "Gewerbe": "gewerbezentralregister",
    "Bescheinigung": "meldebescheinigung",
    # Driving, animals, leisure
    "Führerschein": "fuehrerschein-umtausch",
    "Fuehrerschein": "fuehrerschein-umtausch",
    "Fuhrerschein": "fuehrerschein-umtausch",
    "FÜHRERSCHEIN UMTAUSCHEN": "fuehrerschein-umtausch",
    "Führerschein umtausch": "fuehrerschein-umtausch",
    "internationaler Führerschein": "internationaler-fuehrerschein",
    "Mietwagen": "internationaler-fuehrerschein",
    "Parken": "bewohnerparkausweis",
    "Anwohnerparken": "bewohnerparkausweis",
    "Parkausweis": "bewohnerparkausweis",
    "Auto ummelden": "fahrzeug-adresse",
    "Kfz": "fahrzeug-adresse",
    "Hund": "hund-anmelden",
    "Hundesteuer": "hund-anmelden",
    "angeln": "fischereischein",
    "Angelschein": "fischereischein",
    # English, Turkish, Arabic
    "passport": "reisepass",
    "driving exchange": "fuehrerschein-umtausch",
    "moving house": "wohnsitz-anmelden",
    "parking": "bewohnerparkausweis",
    "dog tax": "hund-anmelden",
    "marriage": "personalausweis",
    "kimlik": "personalausweis",
    "pasaport": "reisepass",
    "taşınma": "wohnsitz-anmelden",
    "tasinma": "wohnsitz-anmelden",
    "ehliyet": "fuehrerschein-umtausch",
    "köpek": "hund-anmelden",
    "هوية": "personalausweis",
    "جواز": "reisepass",
    "رخصة القيادة": "fuehrerschein-umtausch",
}
DOCUMENTS = {
    "Passfoto": "personalausweis",
    "Geburtsurkunde": "personalausweis",
    "digitales Passfoto": "personalausweis",
    "Chipnummer": "hund-anmelden",
}
NEAR = {
    "Führerschien": "fuehrerschein-umtausch",
    "Fuererschein": "fuehrerschein-umtausch",
    "Fürungszeugnis": "fuehrungszeugnis",
    "Anwonerparken": "bewohnerparkausweis",
    "Umzuk": "wohnsitz-anmelden",
    "Ummeldug": "wohnsitz-anmelden",
    "Wohnungsanmeldung": "wohnsitz-anmelden",
    "Umzugsmeldung": "wohnsitz-anmelden",
    "Hundesteuermarke": "hund-anmelden",
    "Passverlängerung": "reisepass",
    "vorläufiger Ausweis": "vorlaeufiger-ausweis",
    "reisepas beantargen": "reisepass",
    "führerschien internationl": "internationaler-fuehrerschein",
    "passprot": "reisepass",
    "Personalausweis für meine Oma": "personalausweis",
}
NOTHING = ["Kirche austreten", "xyzzy", "und", "ich will", "  ", "-", "Sterbeurkunde", "q" * 100]


def found(wanted: str) -> Found:
    return search(SERVICES, VOCABULARY, wanted)


def first(services: list[Service]) -> str:
    return services[0].key if services else ""


@pytest.mark.parametrize(("wanted", "key"), HITS.items())
def test_a_word_people_use_finds_the_service_they_mean_first(wanted: str, key: str) -> None:
    assert first(found(wanted).hits) == key


@pytest.mark.parametrize(("wanted", "key"), DOCUMENTS.items())
def test_a_document_finds_what_it_is_brought_to(wanted: str, key: str) -> None:
    assert found(wanted).hits == []
    assert key in [each.key for each in found(wanted).documents]


@pytest.mark.parametrize(("wanted", "key"), NEAR.items())
def test_a_typing_error_or_a_longer_word_finds_what_is_near(wanted: str, key: str) -> None:
    assert (found(wanted).hits, first(found(wanted).near)) == ([], key)


@pytest.mark.parametrize("wanted", NOTHING)
def test_what_the_stations_do_not_do_finds_nothing(wanted: str) -> None:
    assert found(wanted).services == []


@pytest.mark.parametrize("language", ["de", "de-simple", "en", "tr", "ar"])
def test_each_name_in_each_language_finds_its_service(language: str) -> None:
    missed = [each.key for each in SERVICES if each.key not in {hit.key for hit in found(each.names[language]).hits}]
    assert missed == []


@pytest.mark.parametrize("key", [each.key for each in SERVICES])
def test_each_other_word_finds_its_service(key: str) -> None:
    for said in VOCABULARY.words[key].values():
        for each in said:
            assert key in {hit.key for hit in found(each).services}, each


def keys(services: list[Service]) -> list[str]:
    return [each.key for each in services]


def test_another_word_for_a_service_means_that_one_and_no_longer_word_it_begins() -> None:
    perso = found("Perso")
    assert keys(perso.hits) == ["personalausweis", "verlust-melden"], "not those about Personen"
    assert (perso.documents, perso.near) == ([], [])
    assert keys(found("Pers").hits)[0] == "personalausweis"
    assert "familienanmeldung" in keys(found("Personen").hits)


def test_a_word_is_looked_for_where_others_begin_and_not_inside_them() -> None:
    services = [
        Service("inside", {"de": "Verlängerung"}, {}, 10),
        Service("begins", {"de": "Langzeitparken"}, {}, 10),
        Service("called", {"de": "Anderes"}, {}, 10),
    ]
    assert keys(search(services, Vocabulary({}, {}), "lang").services) == ["begins"]
    called = Vocabulary({"called": {"de": ["Lang"]}}, {})
    assert keys(search(services, called, "lang").services) == ["called"]
    assert keys(search(services, called, "langzeit").services) == ["begins"]


def test_a_name_counts_more_than_another_word_that_more_than_a_situation_that_more_than_a_document() -> None:
    services = [
        Service("document", {"de": "Erstes"}, {"de": ["Urkunde"]}, 10),
        Service("situation", {"de": "Zweites"}, {}, 10, situation="papers"),
        Service("word", {"de": "Drittes"}, {}, 10),
        Service("name", {"de": "Urkunde bestellen"}, {}, 10),
    ]
    vocabulary = Vocabulary({"word": {"de": ["Urkunde"]}}, {"papers": {"de": "Urkunde und Papier"}})
    assert [each.key for each in search(services, vocabulary, "Urkunde").services] == [
        "name",
        "word",
        "situation",
        "document",
    ]


def test_letters_are_folded_as_they_are_typed() -> None:
    assert fold("Führerschein") == fold("FUEHRERSCHEIN") == fold("fuhrerschein")
    assert fold("Straße") == fold("strasse") == fold("STRASSE")
    assert fold("Taşınma") == fold("tasinma")
    assert fold("أجنبي") == fold("اجنبي")
