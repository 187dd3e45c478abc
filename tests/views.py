"""Pages that show what a request finds, each for WSGI and, as a coroutine, for ASGI."""

import json
from contextlib import suppress
from threading import Thread

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.contrib.auth import alogin, alogout, get_user_model, login, logout
from django.db import connection, transaction
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.middleware.csrf import get_token
from django.template import engines
from django.template.response import SimpleTemplateResponse
from django.views.decorators.csrf import csrf_exempt

from boardinghouse.exceptions import Forbidden
from boardinghouse.middleware import achange_schema, change_schema
from boardinghouse.models import Schema
from boardinghouse.schema import (
    activate_schema,
    get_active_schema_name,
    override,
)
from tests.conftest import owners
from tests.testapp.models import Account, Region

PERMISSION = "testapp.view_account"


def show_owners(request):
    return HttpResponse(",".join(owners()))


async def show_owners_async(request):
    return HttpResponse(",".join([each.owner async for each in Account.objects.order_by("owner")]))


def count_accounts(request):
    return HttpResponse(Account.objects.count())


async def count_accounts_async(request):
    await request.auser()
    return HttpResponse(await Account.objects.acount())


def count_regions(request):
    return HttpResponse(Region.objects.count())


async def count_regions_async(request):
    await request.auser()
    return HttpResponse(await Region.objects.acount())


def show_schema(request):
    return HttpResponse(get_active_schema_name() or "none")


async def show_schema_async(request):
    return HttpResponse(get_active_schema_name() or "none")


def show_user(request):
    return HttpResponse(request.user.get_username() or "nobody")


async def show_user_async(request):
    return HttpResponse((await request.auser()).get_username() or "nobody")


def echo(request):
    """Say what of the request arrived, and whose rows it finds."""
    names = owners() if get_active_schema_name() else []
    address = request.META["QUERY_STRING"]
    return JsonResponse({"owners": names, "get": list(request.GET.lists()), "query": address})


async def echo_async(request):
    return await sync_to_async(echo)(request)


exempt = csrf_exempt(echo)
exempt_async = csrf_exempt(echo_async)


def write(request):
    Account.objects.create(pk=2, owner=f"written in {get_active_schema_name()}")
    return HttpResponse("written")


async def write_async(request):
    await Account.objects.acreate(pk=2, owner=f"written in {get_active_schema_name()}")
    return HttpResponse("written")


def write_and_fail(request):
    write(request)
    raise ZeroDivisionError


async def write_and_fail_async(request):
    await write_async(request)
    raise ZeroDivisionError


def die(request):
    owners()
    raise SystemExit


def change(request, name):
    """Change the schema from a view, and say whose rows this request still finds."""
    change_schema(request, name)
    return HttpResponse(",".join(owners()))


async def change_async(request, name):
    await achange_schema(request, name)
    return HttpResponse(",".join(await sync_to_async(owners)()))


def try_to_change(request, name):
    """Go on after a refusal, and say which schema the rest of the request is in."""
    with suppress(Forbidden):
        change_schema(request, name)
    return show_schema(request)


async def try_to_change_async(request, name):
    with suppress(Forbidden):
        await achange_schema(request, name)
    return await show_schema_async(request)


def show_permissions(request):
    """Say where the user may see accounts: in the request's schema, in b, and back again."""
    found = [request.user.has_perm(PERMISSION)]
    with override("b"):
        found.append(request.user.has_perm(PERMISSION))
    found.append(request.user.has_perm(PERMISSION))
    return JsonResponse(found, safe=False)


async def show_permissions_async(request):
    found = [await request.user.ahas_perm(PERMISSION)]
    with override("b"):
        found.append(await request.user.ahas_perm(PERMISSION))
    found.append(await request.user.ahas_perm(PERMISSION))
    return JsonResponse(found, safe=False)


def log_in(request, username):
    """Log in as somebody, and say which schema the rest of this request is in."""
    login(request, get_user_model().objects.get(username=username))
    return show_schema(request)


async def log_in_async(request, username):
    await alogin(request, await get_user_model().objects.aget(username=username))
    return await show_user_async(request)


def log_in_and_show_permissions(request, username):
    login(request, get_user_model().objects.get(username=username))
    with override("a"):
        found = [request.user.has_perm(PERMISSION)]
    with override("b"):
        found.append(request.user.has_perm(PERMISSION))
    return JsonResponse(found, safe=False)


def log_out(request):
    logout(request)
    return show_schema(request)


async def log_out_async(request):
    await alogout(request)
    return await show_user_async(request)


def run_sql(request):
    """Run the statement in the body, as a JSON list of its text and parameters."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(*json.loads(request.body))
    return HttpResponse("done")


async def run_sql_async(request):
    return await sync_to_async(run_sql)(request)


def outlive_schema(request, way):
    """Go on reading when somebody else has dropped the schema."""
    somebody = Thread(target=drop_schema, args=[get_active_schema_name()])
    somebody.start()
    somebody.join()
    if way == "reconnecting":
        connection.close()
    if way == "in-raw-sql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT owner FROM testapp_account")
    return show_owners(request)


async def outlive_schema_async(request, way):
    return await sync_to_async(outlive_schema)(request, way)


def drop_schema(name):
    Schema.objects.filter(pk=name).delete(drop=True)
    connection.close()


def activate_template(request):
    activate_schema("__template__")


async def activate_template_async(request):
    activate_schema("__template__")


def stream(request):
    return StreamingHttpResponse(each.owner for each in Account.objects.iterator())


async def stream_async(request):
    async def owners_one_by_one():
        async for account in Account.objects.all():
            yield account.owner

    return StreamingHttpResponse(owners_one_by_one())


def render_late(request):
    template = engines["django"].from_string(
        "{% for each in accounts %}{{ each.owner }}{% endfor %}"
    )
    return SimpleTemplateResponse(template, {"accounts": Account.objects.all()})


async def render_late_async(request):
    return render_late(request)


def use_variables(request):
    template = engines["django"].from_string(
        "{% if schemata %}{% for each in schemata %}{{ each.name }} {% endfor %}{% endif %}"
        "{% for schema, name in schema_choices %}{{ schema }}={{ name }} {% endfor %}"
        "{{ selected_schema }}"
    )
    return HttpResponse(template.render({}, request))


def use_no_variable(request):
    return HttpResponse(engines["django"].from_string("plain").render({}, request))


def show_token(request):
    """Show what a form of this page would send for the CSRF check."""
    return HttpResponse(get_token(request))


@csrf_exempt
def read_body(request):
    """Read the body as a view does that parses it by itself."""
    return HttpResponse(request.read())


def touch_nothing(request):
    return HttpResponse("done")


#: What happens in another tab while a slow request is at work.
meanwhile = []


def be_slow(request):
    """Write something into the session, while another request comes and goes."""
    request.session["visited"] = True
    for happen in meanwhile:
        happen()
    return HttpResponse(",".join(owners()))


async def be_slow_async(request):
    return await sync_to_async(be_slow)(request)


def be_slow_and_switch(request, name):
    change_schema(request, name)
    return be_slow(request)


async def be_slow_and_switch_async(request, name):
    return await sync_to_async(be_slow_and_switch)(request, name)


def be_slow_and_read(request):
    """Write nothing into the session."""
    for happen in meanwhile:
        happen()
    return HttpResponse("read")


def be_slow_and_save(request, how):
    """Save the session before the response is there."""
    for happen in meanwhile:
        happen()
    getattr(request.session, how)()
    return HttpResponse("saved")


def be_slow_and_leave_a_message(request):
    for happen in meanwhile:
        happen()
    messages.info(request, "kept in the session")
    return HttpResponse("left")
