"""Telling people the links they asked for."""

from services.notifications.purposes import Purpose
from services.notifications.telling.domain import AT_ONCE, QUIET_HOURS_IGNORED, MatterKind, Moment, Rule
from shared.due import Urgency
from shared.events.links import LinksRequested, LinksRequestFact

AN_HOUR_LATER: Moment[LinksRequestFact] = Moment("an hour later", lambda fact, _: fact.alive_until)

LINKS = MatterKind(
    LinksRequestFact,
    (Rule(LinksRequested, Purpose.LINKS, Urgency.DIRECT, AT_ONCE, AN_HOUR_LATER, QUIET_HOURS_IGNORED),),
    lambda known, new: known != new,
)
