"""Validates mail addresses by the rules of mail servers (RFC 5321, 6531, 5891)."""

from email_validator import EmailNotValidError, validate_email

LONGEST = 254


def is_address(text: str) -> bool:
    """Whether this can be an internet mail address, without a DNS lookup.

    Accepts international addresses, because notify sends with SMTPUTF8 and IDNA, and the domains of examples. Rejects
    quoted local parts, address literals in brackets and special-use domains (`.local`, `.test`).
    """
    if len(text) > LONGEST:
        return False
    try:
        validate_email(text, check_deliverability=False, strict=True)
    except EmailNotValidError:
        return False
    return True
