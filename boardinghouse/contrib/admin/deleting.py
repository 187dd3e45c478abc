"""What the admin's confirmation pages say of deleting shared objects: what goes in each schema."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from contextlib import nullcontext
from typing import Any

from django.contrib.admin.utils import NestedObjects, quote
from django.db import router
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from boardinghouse.deletion import entering
from boardinghouse.exceptions import LockBudgetExceeded
from boardinghouse.links import schema_url
from boardinghouse.names import TEMPLATE, is_valid_name
from boardinghouse.schema import get_active_schema_name, get_schema_model
from boardinghouse.stamps import get_schema_of


class Confirmation:
    """What would be deleted, to be shown to somebody; as `get_deleted_objects` of Django's.

    An object is described, and the permission to delete it asked for, in its own schema. Those
    in schemata that this person may not enter are not shown, and stop it.
    """

    def __init__(self, request: HttpRequest, admin_site: Any) -> None:
        self.request, self.admin_site = request, admin_site
        self.permissions_needed: set[Any] = set()
        self.count: Counter[Any] = Counter()
        self.described: dict[Any, Any] = {}

    def read(self, objs: Any) -> tuple[list[Any], dict[Any, int], set[Any], list[Any]]:
        """Return what goes (a nested list), how many of each kind, what permissions lack, what
        protects."""
        if not objs:
            return [], {}, set(), []
        using = router.db_for_write(objs[0]._meta.model)
        collector = NestedObjects(using=using, origin=objs)
        try:
            collector.collect(objs)
        except LockBudgetExceeded as error:
            return [], {}, set(), [str(error)]
        going = [each for found in collector.model_objs.values() for each in found]
        self.describe_all([*going, *collector.protected])
        self.count.update(
            each._meta.verbose_name_plural for each in going if each in self.described
        )
        protected = [self.described[each] for each in collector.protected if each in self.described]
        if len(protected) < len(collector.protected):
            protected.append(self.say_elsewhere())
        going_nested = self.describe_tree(collector.nested())
        return going_nested, dict(self.count), self.permissions_needed, protected

    def describe_all(self, objs: Iterable[Any]) -> None:
        by_schema: defaultdict[str | None, list[Any]] = defaultdict(list)
        for each in objs:
            by_schema[get_schema_of(each)].append(each)
        places = self.name_places(by_schema.keys() - {None})
        for schema, found in by_schema.items():
            if schema is not None and schema not in places:
                self.permissions_needed.add(self.say_elsewhere())
                continue
            is_here = schema is None or schema == get_active_schema_name()
            with nullcontext() if is_here else entering(str(schema)):
                for each in found:
                    self.described[each] = self.describe(each, schema, places.get(schema))

    def name_places(self, schemata: Any) -> dict[Any, str]:
        """Return what to call those of the schemata that this person may look into."""
        if not schemata:
            return {}
        manager: Any = get_schema_model()._default_manager
        visible = manager.visible_to(self.request.user).filter(pk__in=schemata)
        named = {schema.pk: str(schema) for schema in visible}
        for name in schemata:
            if name == TEMPLATE:
                named[name] = _("the template of new schemata")
            elif not is_valid_name(name):
                named[name] = _("a schema that is kept ready")
        return named

    def say_elsewhere(self) -> str:
        return _("objects in schemata that you may not enter")

    def describe(self, obj: Any, schema: str | None, place: str | None) -> Any:
        options = obj._meta
        kind = capfirst(options.verbose_name)
        url = None
        if self.admin_site.is_registered(type(obj)):
            model_admin = self.admin_site.get_model_admin(type(obj))
            if not model_admin.has_delete_permission(self.request, obj):
                self.permissions_needed.add(options.verbose_name)
            url = self.address_of(obj, schema)
        text = format_html('{}: <a href="{}">{}</a>', kind, url, obj) if url else f"{kind}: {obj}"
        return text if place is None else format_html(_("{} (in {})"), text, place)

    def address_of(self, obj: Any, schema: str | None) -> str | None:
        options = obj._meta
        name = f"{self.admin_site.name}:{options.app_label}_{options.model_name}_change"
        try:
            url = reverse(name, args=(quote(obj.pk),))
        except NoReverseMatch:
            return None
        return schema_url(schema, url) if schema is not None and is_valid_name(schema) else url

    def describe_tree(self, nodes: list[Any]) -> list[Any]:
        """Replace objects by what they are called; leave out what may not be shown."""
        tree: list[Any] = []
        for node in nodes:
            if isinstance(node, list):
                children = self.describe_tree(node)
                tree.extend([children] if children else [])
            elif node in self.described:
                tree.append(self.described[node])
        return tree
