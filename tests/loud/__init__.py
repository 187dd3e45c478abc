"""A database backend of somebody else's, as PostGIS is, that ours is put over."""
