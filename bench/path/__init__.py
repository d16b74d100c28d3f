"""
What two sockets instead of one are good for: experiments about MTU, windows and loss.

``experiments`` lists them; ``pieces``, ``old``, ``jumbo``, ``holes`` and ``translated``
make them, in namespaces of their own (``bed``), between the ends of ``ends`` and over
the line of ``line.c``.  ``chart`` draws; docs/mtu.md is written.  Run it with
``python -m bench.path``.  What the gateway costs is measured elsewhere: ``bench``.
"""
