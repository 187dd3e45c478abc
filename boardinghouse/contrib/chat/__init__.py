"""A chat that lives in each schema: rooms, messages, unread counts, pages that stay open."""
