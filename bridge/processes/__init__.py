"""How many processes the gateway is, and what becomes of them."""
