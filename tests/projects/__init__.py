"""Projects that tests run as a user would, each in a process of its own."""
