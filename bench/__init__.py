"""
The benchmark: bridge beside other relays, in the test bed's three namespaces.

``contenders`` are what is compared and how each is started (``secure``, ``http`` and
``workers`` more of them), ``rows`` what is measured of whom and ``loads`` how,
``measure`` how CPU and memory are read, ``shares`` how cores are made smaller,
``report`` the tables, ``record`` what is kept of them, ``aims`` what was to be reached,
``figures`` the pages that show it all (``pages``: where); ``floor.c`` is the least a
relay in user space can cost, ``load.c``, ``connects.c`` and ``shakes.c`` make traffic.
Run it with ``python -m bench``.  ``path`` is another one: what two paths are worth.
"""
