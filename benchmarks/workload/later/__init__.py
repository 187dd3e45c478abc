"""All the migrations and the pending one, in files of its own: some packages import in threads."""
