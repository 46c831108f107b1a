"""What every page stands on: layout, components, assets, texts, formats, CSRF tokens and login; knows no business word."""
