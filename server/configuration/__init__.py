"""The configuration: a TOML file and the environment, and how one is made (OPS-1)."""
