"""What staff see of a person's address before they say why they need it."""

from uuid import UUID

from shared.numbers import id_number_of


def masked_mail(mail: str) -> str:
    """The first letter and the domain: enough to recognise an address somebody spells, too little to write to."""
    local, _, domain = mail.rpartition("@")
    return f"{local[:1]}…@{domain}"


def masked_phone(phone: str) -> str:
    """The last three digits."""
    return f"… {phone[-3:]}"


def subscription_ids(typed: str) -> tuple[UUID, UUID] | None:
    """The lowest and the highest id of subscriptions with a number, such as N-3F2A-91BC; None for anything else."""
    number = id_number_of(typed)
    if number is None or not number.startswith("N"):
        return None
    digits = number[1:].replace("-", "")
    return UUID(digits + "0" * 24), UUID(digits + "f" * 24)
