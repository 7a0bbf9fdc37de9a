"""What staff see of a person's address before they say why they need it."""

import re
from uuid import UUID


def masked_mail(mail: str) -> str:
    """The first letter and the domain: enough to recognise an address somebody spells, too little to write to."""
    local, _, domain = mail.rpartition("@")
    return f"{local[:1]}…@{domain}"


def masked_phone(phone: str) -> str:
    """The last three digits."""
    return f"… {phone[-3:]}"


def subscription_ids(typed: str) -> tuple[UUID, UUID] | None:
    """The lowest and the highest id of subscriptions with a number, such as N-3F2A-91BC; None for anything else."""
    found = re.fullmatch(r"N([0-9A-F]{8})", re.sub(r"[\s-]", "", typed).upper())
    return (UUID(found[1] + "0" * 24), UUID(found[1] + "f" * 24)) if found else None
