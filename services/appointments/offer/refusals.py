"""Why a choice of services cannot be booked, whatever is free."""

from collections.abc import Collection, Iterable

from services.appointments.offer.domain import MOST_SERVICES, Audience, Service, Station, able, too_many
from services.appointments.offer.queries import Offer
from shared.problems import FieldError, InvalidInput, Problem


class UnknownChoice(Problem):
    status = 422
    slug = "unknown-choice"
    title = "There is no such station or service"


class TooMany(Problem):
    """Some services are wanted more often than fits into one appointment."""

    status = 422
    slug = "too-many"
    title = "This is more than fits into one appointment"

    def __init__(self, services: Iterable[Service]) -> None:
        super().__init__(errors=[_wrong(f"{each.key}: at most {each.most} in one appointment.") for each in services])


class NotTogether(Problem):
    """None of the stations asked for offers all that is wanted."""

    status = 422
    slug = "not-together"
    title = "These services are not offered together there"

    def __init__(self, stations: Iterable[Station], services: Collection[Service]) -> None:
        lacking = [(station, [each.key for each in station.lacks(services)]) for station in stations]
        super().__init__(
            errors=[_wrong(f"{station.key} does not offer {', '.join(keys)}.") for station, keys in lacking]
        )


def check_choice(offer: Offer, keys: Collection[str], audience: Audience = Audience.PUBLIC) -> list[Station]:
    """The stations of an offer that can do all that is wanted, at least one, with what is open to an audience.

    Args:
        offer: as loaded for these keys.

    Raises:
        UnknownChoice, InvalidInput, TooMany, NotTogether
    """
    if not keys or not offer.stations or len(offer.services) != len(set(keys)):
        raise UnknownChoice
    if len(offer.services) > MOST_SERVICES:
        raise InvalidInput(errors=[_wrong(f"At most {MOST_SERVICES} different services in one appointment.")])
    if excess := too_many(offer.services):
        raise TooMany(excess)
    stations = able(offer.stations, offer.services, audience)
    if not stations:
        raise NotTogether(offer.stations, offer.services)
    return stations


def _wrong(message: str) -> FieldError:
    return FieldError(field="services", message=message)
