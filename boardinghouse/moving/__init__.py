"""One schema in a file: taken out of one database and put into another, or into a later one."""
