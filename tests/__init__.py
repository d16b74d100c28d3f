"""Tests: test_<module>.py beside each module's name; netlab/ is the test bed."""
