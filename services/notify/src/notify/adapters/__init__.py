"""What notify reaches outside: a mail server, intake's contacts, templates."""
