"""What is told of sessions: the record and the access log."""
