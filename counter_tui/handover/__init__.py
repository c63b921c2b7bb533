"""Types a customer number into another program's input field (ID自動引渡し方式, SID-3)."""
