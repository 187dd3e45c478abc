"""No page is asked for: commands are measured."""

urlpatterns = []
