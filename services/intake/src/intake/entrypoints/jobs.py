"""The jobs of intake."""

from collections.abc import Mapping
from typing import Any

from chassis.service import ServiceContext, Worker
from intake.app.photo_data import PhotoData
from intake.handlers.reserve_upload import DropUpload


def workers_in(context: ServiceContext) -> Mapping[type[Any], Worker]:
    """The worker of each job."""
    return {DropUpload: PhotoData(context).drop}
