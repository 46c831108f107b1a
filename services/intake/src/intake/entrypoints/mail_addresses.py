"""Addresses that mail can be sent to, by the rules that mail servers keep (RFC 5321, 6531, 5891)."""

from email_validator import EmailNotValidError, validate_email

LONGEST = 254


def is_address(text: str) -> bool:
    """Whether this can be the address of somebody on the internet; nothing is looked up.

    International addresses are taken, because letters go out with SMTPUTF8 and IDNA. Quoted local parts, addresses of
    machines in brackets and domains that no mail reaches (`.local`, `.test`) are not; those of examples are.
    """
    if len(text) > LONGEST:
        return False
    try:
        validate_email(text, check_deliverability=False, strict=True)
    except EmailNotValidError:
        return False
    return True
