"""What is checked before the gateway runs: does this host carry the configuration?"""
