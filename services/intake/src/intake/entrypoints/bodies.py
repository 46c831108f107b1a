"""The paths at and below which larger bodies are accepted, with the limit in bytes."""

from intake.domain.photos import MOST_BYTES
from intake.entrypoints.api import imports
from intake.entrypoints.photo_bodies import MOST_BYTES_OF_FORM

# A text of 200,000 characters comes back with its limit; the gateway accepts as much.
BODIES = {
    "/segnala": 1_048_576,
    "/segnala/*/testo": MOST_BYTES_OF_FORM,
    "/stato": 1_048_576,
    "/stato/foto": MOST_BYTES_OF_FORM,
    "/v1/field/reports/*/photos": MOST_BYTES,
    "/v1/reports/*/photos": MOST_BYTES,
    imports.IMPORTS: imports.MOST_BYTES,
}
