"""The ground: sockets, and the loop that moves bytes between them."""
