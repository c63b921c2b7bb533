"""Work that goes on beside the calls: lapsing, releasing, sealing. One process does it for all."""
