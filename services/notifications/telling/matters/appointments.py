"""Telling citizens about their appointments."""

from datetime import datetime, time, timedelta

from services.notifications.purposes import Purpose
from services.notifications.telling.domain import (
    AT_ONCE,
    QUIET_HOURS_IGNORED,
    QUIET_HOURS_KEPT,
    Condition,
    MatterKind,
    Moment,
    Rule,
)
from shared.calendar import previous_working_day
from shared.clock import BERLIN
from shared.due import Urgency
from shared.events.appointments import (
    AlternativeOffered,
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentDelayed,
    AppointmentFact,
    AppointmentMissed,
    AppointmentRescheduled,
    AppointmentState,
    DecidedBy,
    Place,
)

REMINDER_TIME = time(16)
NOTICE_OF_CHANGE = timedelta(hours=24)
WAY_TO_THE_COUNTER = timedelta(hours=1)
MISSED_FOR = timedelta(days=3)


def delay_of(state: AppointmentState) -> timedelta:
    """How much later than booked the appointment is expected to begin: the Bürgermobil is late."""
    return timedelta(minutes=state.delay_minutes)


def expected_start(state: AppointmentState) -> datetime:
    """When the appointment is expected to begin."""
    return state.starts_at + delay_of(state)


def _reminder_time(fact: AppointmentFact, happened_at: datetime) -> datetime | None:
    starts_at = fact.appointment.starts_at
    day = previous_working_day(starts_at.astimezone(BERLIN).date())
    reminder = datetime.combine(day, REMINDER_TIME, BERLIN).astimezone(starts_at.tzinfo)
    return reminder if happened_at < reminder else None


def _next_start(fact: AppointmentFact) -> datetime:
    """When the person would come next if nobody told them: to a moved appointment perhaps at the old time."""
    moved_from = [fact.before.starts_at] if isinstance(fact, (AppointmentRescheduled, AlternativeOffered)) else []
    return min([fact.appointment.starts_at, *moved_from])


def _deadline(fact: AlternativeOffered) -> datetime | None:
    """Until when the alternative is kept."""
    return fact.appointment.instead_of.until if fact.appointment.instead_of else None


DAY_BEFORE = Moment("16:00 of the working day before; none if booked later", _reminder_time)
START: Moment[AppointmentFact] = Moment("the start", lambda fact, _: expected_start(fact.appointment))
HOUR_BEFORE: Moment[AppointmentFact] = Moment(
    "one hour before the start", lambda fact, _: expected_start(fact.appointment) - WAY_TO_THE_COUNTER
)
THREE_DAYS_AFTER: Moment[AppointmentFact] = Moment(
    "three days after the end", lambda fact, _: fact.appointment.ends_at + MISSED_FOR
)
QUIET_HOURS_KEPT_UNTIL_DAY_BEFORE: Moment[AppointmentFact] = Moment(
    "waits, but not within 24 hours of the start", lambda fact, _: _next_start(fact) - NOTICE_OF_CHANGE
)

DEADLINE: Moment[AlternativeOffered] = Moment("its deadline", lambda fact, _: _deadline(fact))
QUIET_HOURS_KEPT_UNTIL_DAY_BEFORE_DEADLINE: Moment[AlternativeOffered] = Moment(
    "waits, but not within 24 hours of the start or the deadline",
    lambda fact, _: min(_next_start(fact), _deadline(fact) or _next_start(fact)) - NOTICE_OF_CHANGE,
)

Decided = AppointmentRescheduled | AppointmentCancelled
BY_CITIZEN: Condition[Decided] = Condition("by citizen", lambda fact: fact.by is DecidedBy.CITIZEN)
BY_US: Condition[Decided] = Condition("by city or staff", lambda fact: fact.by is not DecidedBy.CITIZEN)


def _differs(known: AppointmentFact, new: AppointmentFact) -> bool:
    """Another state, another time, another place."""
    return _noticed(known.appointment) != _noticed(new.appointment)


def _noticed(state: AppointmentState) -> tuple[object, ...]:
    return state.status, state.starts_at, state.delay_minutes, _where(state.place)


def _where(place: Place) -> tuple[str | None, ...]:
    """Where to go. A station stays where it is; a stop of the Bürgermobil may move and keep its key."""
    return (place.key,) if place.quarter is None else (place.key, place.name, place.address)


APPOINTMENTS = MatterKind(
    AppointmentFact,
    (
        Rule(AppointmentBooked, Purpose.CONFIRMATION, Urgency.DIRECT, AT_ONCE, START, QUIET_HOURS_IGNORED),
        Rule(AppointmentBooked, Purpose.REMINDER, Urgency.REMINDER, DAY_BEFORE, HOUR_BEFORE, QUIET_HOURS_KEPT),
        Rule(
            AppointmentRescheduled,
            Purpose.RESCHEDULING,
            Urgency.DIRECT,
            AT_ONCE,
            START,
            QUIET_HOURS_IGNORED,
            BY_CITIZEN,
        ),
        Rule(
            AppointmentRescheduled,
            Purpose.RESCHEDULING,
            Urgency.URGENT,
            AT_ONCE,
            START,
            QUIET_HOURS_KEPT_UNTIL_DAY_BEFORE,
            BY_US,
        ),
        Rule(AppointmentRescheduled, Purpose.REMINDER, Urgency.REMINDER, DAY_BEFORE, HOUR_BEFORE, QUIET_HOURS_KEPT),
        Rule(
            AppointmentDelayed,
            Purpose.DELAY,
            Urgency.URGENT,
            AT_ONCE,
            START,
            QUIET_HOURS_KEPT_UNTIL_DAY_BEFORE,
        ),
        Rule(AppointmentDelayed, Purpose.REMINDER, Urgency.REMINDER, DAY_BEFORE, HOUR_BEFORE, QUIET_HOURS_KEPT),
        Rule(
            AlternativeOffered,
            Purpose.ALTERNATIVE,
            Urgency.URGENT,
            AT_ONCE,
            DEADLINE,
            QUIET_HOURS_KEPT_UNTIL_DAY_BEFORE_DEADLINE,
        ),
        Rule(
            AppointmentCancelled,
            Purpose.CANCELLATION,
            Urgency.DIRECT,
            AT_ONCE,
            START,
            QUIET_HOURS_IGNORED,
            BY_CITIZEN,
        ),
        Rule(
            AppointmentCancelled,
            Purpose.CANCELLATION,
            Urgency.URGENT,
            AT_ONCE,
            START,
            QUIET_HOURS_KEPT_UNTIL_DAY_BEFORE,
            BY_US,
        ),
        Rule(AppointmentMissed, Purpose.MISSED, Urgency.REMINDER, AT_ONCE, THREE_DAYS_AFTER, QUIET_HOURS_KEPT),
    ),
    _differs,
)
