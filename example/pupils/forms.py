from django import forms

from .models import Pupil


class PupilForm(forms.ModelForm):
    class Meta:
        model = Pupil
        fields = ["name", "house", "country"]
