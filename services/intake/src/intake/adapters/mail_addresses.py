"""Validates mail addresses by the rules of mail servers (RFC 5321, 6531, 5891)."""

import re

LONGEST = 254
# Most addresses are like these, of which the library finds each valid, slowly; it decides about all others.
PLAIN = re.compile(
    r"[a-z0-9]{1,20}(?:[._-][a-z0-9]{1,20}){0,2}@(?:[a-z0-9]{3,30}\.){1,3}(?:com|eu|info|it|net|org)",
    re.ASCII,
)


def is_address(text: str) -> bool:
    """Whether this can be an internet mail address, without a DNS lookup.

    Accepts international addresses, because notify sends with SMTPUTF8 and IDNA, and the domains of examples. Rejects
    quoted local parts, address literals in brackets and special-use domains (`.local`, `.test`).
    """
    if len(text) > LONGEST:
        return False
    return PLAIN.fullmatch(text) is not None or is_valid(text)


def is_valid(text: str) -> bool:
    """The same without a short cut."""
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415 - few addresses need it

    try:
        validate_email(text, check_deliverability=False, strict=True)
    except EmailNotValidError:
        return False
    return True
