"""What is checked before the gateway runs: does this host carry the configuration?"""

from bridge.doctor.certificates import read, verify
from bridge.doctor.findings import warnings
from bridge.doctor.host import Host

__all__ = ["Host", "read", "verify", "warnings"]
