"""Where a session goes: a farm's servers, which of them work, and who gets the next."""
