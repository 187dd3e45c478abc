"""Ordinary views: none of them mentions a schema, each shows the active one's rows."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from .forms import PupilForm
from .models import Notice, Pupil, Staff


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "pupils/home.html")


@require_safe
@login_required
def pupil_list(request: HttpRequest) -> HttpResponse:
    pupils = list(Pupil.objects.select_related("house", "country"))
    return render(request, "pupils/pupil_list.html", {"pupils": pupils})


@login_required
@permission_required("pupils.add_pupil", raise_exception=True)
def pupil_create(request: HttpRequest) -> HttpResponse:
    form = PupilForm(request.POST or None)
    if form.is_valid():
        pupil = form.save()
        messages.success(request, f"{pupil} has been enrolled.")
        return redirect("pupil-list")
    return render(request, "pupils/pupil_form.html", {"form": form})


@require_safe
@login_required
@permission_required("pupils.view_staff", raise_exception=True)
def staff_list(request: HttpRequest) -> HttpResponse:
    staff = list(Staff.objects.all())
    return render(request, "pupils/staff_list.html", {"staff": staff})


@require_safe
@login_required
def notice_list(request: HttpRequest) -> HttpResponse:
    return render(request, "pupils/notice_list.html", {"notices": list(Notice.objects.all())})


@require_safe
@login_required
def pupil_api(request: HttpRequest) -> JsonResponse:
    rows = Pupil.objects.values("id", "name", "house__name", "country__name")
    return JsonResponse({"pupils": list(rows)})
