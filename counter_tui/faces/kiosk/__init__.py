"""The kiosk: citizens by themselves."""
