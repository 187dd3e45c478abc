from django.http import HttpResponse

from benchmarks.pages.models import Holiday, Pupil


def private(request):
    assert request.user.is_authenticated
    return HttpResponse(str(Pupil.objects.count()))


def shared(request):
    assert request.user.is_authenticated
    return HttpResponse(str(Holiday.objects.count()))


def neither(request):
    return HttpResponse("nothing")
