"""
The transparency oracle: what two ends see of each other, with and without a gateway.

``script`` is the language of what the ends do, and makes scripts up; ``end`` is one
end's socket and what it sees; ``play`` runs scripts, many at a time; ``verdict`` says
whether a gateway was transparent, and shrinks a script for which it was not.
"""
