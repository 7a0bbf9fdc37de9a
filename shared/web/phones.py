"""What pages say about phone numbers that cannot be taken."""

from collections.abc import Callable


def phone_errors(gettext: Callable[[str], str]) -> dict[str, str]:
    """What to do about each mistake, in the language of the page."""
    _ = gettext
    return {
        "phone_missing": _("Geben Sie eine Handynummer ein, zum Beispiel 0151 23456789."),
        "phone_unclear": _(
            "Geben Sie nur eine Nummer ein, ohne Buchstaben und ohne Durchwahl, zum Beispiel 0151 23456789."
        ),
        "phone_start": _(
            "Beginnen Sie mit 0 oder mit + und der Nummer des Landes, zum Beispiel 0151 23456789 oder +49 151 23456789."
        ),
        "phone_unusable": _("Diese Nummer gibt es nicht. Geben Sie eine Handynummer ein, zum Beispiel 0151 23456789."),
        "phone_special": _(
            "Diese Nummer können wir nicht anrufen. Geben Sie eine Handynummer ein, zum Beispiel 0151 23456789."
        ),
        "phone_landline": _(
            "Geben Sie eine Handynummer ein, zum Beispiel 0151 23456789. An Festnetz können wir keine SMS senden."
        ),
    }
