"""The HTML pages: forms that work without JavaScript and without an account."""
