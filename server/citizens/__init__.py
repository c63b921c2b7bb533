"""Citizens: MyKey IDs and the certificates that find them."""
