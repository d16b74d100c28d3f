"""Text in, frozen values out: reads the configuration file.  Opens no socket."""
