"""What the commands of jichipoint-server share."""
