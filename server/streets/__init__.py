"""Shopping streets: their merge settings and keys, and their own systems as callers."""
