"""The form in which something is said; it works without JavaScript too."""

from __future__ import annotations

import uuid

from django import forms
from django.utils.translation import gettext_lazy as _


class MessageForm(forms.Form):
    """Keeps what was typed; `boardinghouse.contrib.chat.messages.say` judges it."""

    text = forms.CharField(
        label=_("Your message"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    once = forms.CharField(required=False, initial=uuid.uuid4, widget=forms.HiddenInput)
