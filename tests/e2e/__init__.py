"""The gateway as a whole: ``twistd bridge`` in a process, real sockets around it."""
