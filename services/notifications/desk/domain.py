"""What staff see of a person's address before they say why they need it."""

import re


def masked_mail(mail: str) -> str:
    """The first letter and the domain: enough to recognise an address somebody spells, too little to write to."""
    local, _, domain = mail.rpartition("@")
    return f"{local[:1]}…@{domain}"


def masked_phone(phone: str) -> str:
    """The last three digits."""
    return f"… {phone[-3:]}"


def is_appointment_number(text: str) -> bool:
    """Whether somebody typed what appointments are called by, such as 4711-0815."""
    return re.fullmatch(r"\d{4}-\d{4}", text) is not None
