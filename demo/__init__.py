"""The demo: server, counter and merge driver as processes, in one town."""
