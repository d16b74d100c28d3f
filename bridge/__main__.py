"""``python -m bridge`` is bridgectl."""

import sys

from bridge.control.bridgectl import main

sys.exit(main())
