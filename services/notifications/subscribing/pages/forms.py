"""Forms of the pages of subscriptions, and what they say about mistakes."""

from collections.abc import Iterable
from typing import Annotated, Any, Self

from pydantic import BaseModel, Field

from services.notifications.subscribing.domain import Address, Topic, Wishes, Wrong, check_address, check_wishes
from shared.city import City
from shared.web.formats import own_name
from shared.web.forms import FormErrors
from shared.web.i18n import MESSAGE_LANGUAGES, message_language
from shared.web.phones import phone_errors
from shared.web.visit import Visit

Typed = Annotated[str, Field(max_length=1000)]
OneTimeKey = Annotated[str, Field(pattern=r"^[\w-]{8,100}$")]
Numbers = Annotated[list[int], Field(max_length=100)]


class AddressForm(BaseModel):
    """Where messages go, as typed; what stands in the field of the other channel does not count."""

    channel: str = ""
    mail: Typed = ""
    phone: Typed = ""

    def checked(self) -> Address | Wrong:
        return check_address(self.channel, self.mail, self.phone)


class WishesForm(BaseModel):
    """What somebody wants to hear, as chosen."""

    districts: Numbers = []
    quarters: Numbers = []
    topics: Annotated[list[Typed], Field(max_length=20)] = []
    language: str = ""
    how_often: str = ""

    @classmethod
    def of(cls, wishes: Wishes) -> Self:
        return cls(
            districts=list(wishes.districts),
            quarters=list(wishes.quarters),
            topics=list(wishes.topics),
            language=wishes.language,
            how_often="daily" if wishes.digest else "at-once",
        )

    def wishes(self) -> Wishes:
        return Wishes(
            tuple(self.districts),
            tuple(self.quarters),
            tuple(self.topics),
            message_language(self.language).code,
            self.how_often == "daily",
        )

    def wrong(self, city: City) -> list[Wrong]:
        """What is missing or unknown."""
        often = [] if self.how_often in ("at-once", "daily") else [Wrong("how_often", "how_often_missing")]
        return [*check_wishes(self.wishes(), city), *often]


class Press(BaseModel):
    """The key of a form against sending it twice."""

    einmal: OneTimeKey


class SubscribeForm(WishesForm, AddressForm):
    """Everything needed to subscribe."""


class PostedSubscription(SubscribeForm, Press):
    """The form as it was sent."""


class PostedWishes(WishesForm, Press):
    """The preferences as they were sent."""


class PostedAddress(AddressForm, Press):
    """An address as it was sent."""


def choices(visit: Visit) -> dict[str, Any]:
    """What can be chosen, for the templates."""
    city: City = visit.act.tools.city
    quarters = sorted((quarter.name, quarter.number) for district in city.districts for quarter in district.quarters)
    return {
        "district_choices": [(district.number, district.name) for district in city.districts],
        "quarter_choices": [(number, name) for name, number in quarters],
        "topic_choices": [(topic.value, title, text) for topic, (title, text) in topic_texts(visit).items()],
        "languages": [(each.code, own_name(each)) for each in MESSAGE_LANGUAGES],
    }


def topic_texts(visit: Visit) -> dict[Topic, tuple[str, str]]:
    """The name of each topic, and what comes with it."""
    _ = visit.gettext
    return {
        Topic.STATIONS: (
            _("Bürger-Service-Station"),
            _("Wenn die Station an Tagen schließt, an denen sie sonst offen ist."),
        ),
        Topic.BUERGERMOBIL: (
            _("Bürgermobil"),
            _("Wann es zu Ihnen kommt, und wenn sich daran etwas ändert."),
        ),
    }


def errors_of(visit: Visit, wrong: Iterable[Wrong]) -> FormErrors:
    """What to do about each mistake."""
    _ = visit.gettext
    districts = _("Wählen Sie mindestens einen Stadtbezirk oder Ortsteil.")
    topics = _("Wählen Sie mindestens ein Thema.")
    texts = {
        "channel_missing": _("Wählen Sie E-Mail oder SMS."),
        "mail_unusable": _("Geben Sie eine E-Mail-Adresse ein, zum Beispiel name@beispiel.de."),
        **phone_errors(_),
        "districts_missing": districts,
        "districts_unknown": districts,
        "topics_missing": topics,
        "topics_unknown": topics,
        "how_often_missing": _("Wählen Sie, wie oft wir schreiben sollen."),
    }
    return FormErrors({each.field: texts[each.code] for each in wrong})
