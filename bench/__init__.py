"""
The benchmark: bridge beside other relays, in the test bed's three namespaces.

``contenders`` are what is compared and how each is started, ``rows`` what is done to
them, ``measure`` how CPU and memory are read, ``report`` the tables; ``floor.c`` is the
least a relay in user space can cost, ``load.c`` makes bulk traffic.  Run it with
``python -m bench``.
"""
