"""Which school a page is of."""

from django.http import HttpRequest

from boardinghouse.schema import get_active_schema


def school(request: HttpRequest) -> dict[str, str]:
    """Give templates the school's name; on the page where one chooses, the one chosen before."""
    active = get_active_schema()
    return {"school": active.name if active else request.session.get("schema_name", "")}
