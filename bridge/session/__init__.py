"""One client's life, from accept to the record of how it ended."""
