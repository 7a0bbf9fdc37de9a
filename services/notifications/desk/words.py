"""What became of messages, in the words of the pages."""

from collections.abc import Mapping
from types import MappingProxyType

from services.notifications.delivery.domain import State
from services.notifications.purposes import Purpose
from services.notifications.sending.gateways.mail_answers import address_gone
from shared.events.notifications import Outcome, ReplyAnswer
from shared.web.staff.visit import N_

PURPOSES: Mapping[str, str] = MappingProxyType(
    {
        Purpose.CONFIRMATION: N_("Bestätigung"),
        Purpose.RESCHEDULING: N_("Verlegung"),
        Purpose.DELAY: N_("Verspätung"),
        Purpose.REMINDER: N_("Erinnerung"),
        Purpose.CANCELLATION: N_("Absage"),
        Purpose.STILL_BOOKED: N_("Antwort: Termin gilt noch"),
        Purpose.TURN: N_("Gleich an der Reihe"),
        Purpose.HALL_CLOSED: N_("Wartehalle geschlossen"),
        Purpose.ALTERNATIVE: N_("Andere Zeit angeboten"),
        Purpose.WAITING: N_("Platz auf der Warteliste"),
        Purpose.WAITING_OVER: N_("Warteliste beendet"),
        Purpose.SEAT_OFFER: N_("Freie Zeit angeboten"),
        Purpose.OFFER_ENDED: N_("Angebot beendet"),
        Purpose.MISSED: N_("Termin versäumt"),
        Purpose.LINKS: N_("Links zugesandt"),
        Purpose.SUBSCRIPTION: N_("Abo: bitte bestätigen"),
        Purpose.SUBSCRIPTION_LINK: N_("Abo: Link zur Verwaltung"),
        Purpose.CLOSURE: N_("Abo: Station geschlossen"),
        Purpose.CLOSURE_LIFTED: N_("Abo: Station doch geöffnet"),
        Purpose.STOPS: N_("Abo: Bürgermobil kommt"),
        Purpose.STOP_CHANGED: N_("Abo: Bürgermobil kommt anders"),
        Purpose.STOP_CANCELLED: N_("Abo: Bürgermobil fällt aus"),
        Purpose.DIGEST: N_("Abo: Neues des Tages"),
        Purpose.BARRIER: N_("An die Stadt: Barriere gemeldet"),
    }
)
CHANNELS: Mapping[str, str] = MappingProxyType({"mail": N_("E-Mail"), "sms": N_("SMS"), "none": N_("kein Weg")})
STATES: Mapping[str, str] = MappingProxyType(
    {
        State.WAITING: N_("wartet"),
        State.SENDING: N_("wird gesendet"),
        State.CHECKING: N_("wird nachgefragt"),
        State.ACCEPTED: N_("angenommen, Quittung steht aus"),
        Outcome.DELIVERED: N_("zugestellt"),
        Outcome.FAILED: N_("nicht zugestellt"),
        Outcome.SUPERSEDED: N_("überholt: Der Vorgang hat sich geändert"),
        Outcome.EXPIRED: N_("zu spät"),
        Outcome.SUPPRESSED: N_("unterdrückt"),
        Outcome.UNKNOWN: N_("ungewiss"),
        Outcome.NO_CHANNEL: N_("kein Weg bekannt"),
    }
)
ANSWERS: Mapping[str, str] = MappingProxyType({ReplyAnswer.CANCEL: N_("absagen")})

_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "permanent": N_("Die Gegenstelle hat die Nachricht abgelehnt."),
        "bounced": N_("Die Nachricht kam zurück."),
        "receipt": N_("Das Netz konnte die SMS nicht zustellen."),
        "temporary": N_("Die Gegenstelle nahm die Nachricht zu oft nicht an."),
        "policy": N_("Die Gegenstelle hat die Nachricht zu oft abgelehnt."),
        "barred": N_("Die Gegenstelle nimmt nichts von uns an. Die Technik weiß davon."),
        "not offered": N_("Die Gegenstelle kann an diese Adresse nicht senden."),
        "throttled": N_("Die Gegenstelle bat um langsameres Senden."),
        "away": N_("Die Gegenstelle war nicht erreichbar."),
        "no answer": N_("Die Gegenstelle hat nicht geantwortet."),
        "no receipt": N_("Es kam keine Quittung."),
        "interrupted": N_("Das Senden wurde unterbrochen."),
        "undeliverable": N_("Diese Adresse hat schon früher nicht funktioniert."),
        "complaint": N_("Die Person will hier keine Erinnerungen."),
        "forgotten": N_("Der Kontakt ist gelöscht."),
        "quiet hours": N_("Die Ruhezeit endete erst, als es zu spät war."),
        "defect": N_("Ein Fehler bei uns. Die Technik weiß davon."),
    }
)
_GONE = N_("Diese Adresse gibt es nicht.")


def reason_of(error: str | None) -> str:
    """What went wrong, in a sentence; nothing where nothing did. `error` is the class and code a message keeps."""
    if not error:
        return ""
    if address_gone(error.split()[-1]):
        return _GONE
    return next((words for kind, words in _REASONS.items() if error.startswith(kind)), error)
