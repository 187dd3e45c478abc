"""All the migrations, and the pending one: files of their own, as some packages import in threads."""
