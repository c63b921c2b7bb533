"""The screens, one module per task. Thin: what is decided is decided in core."""
