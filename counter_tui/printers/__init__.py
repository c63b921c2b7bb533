"""Receipt printers as devices: where they are, how bytes reach them, and slips that wait."""
