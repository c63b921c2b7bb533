"""Where records are handed on to: a file of lines, an HTTP address, a command, Python."""
