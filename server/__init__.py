"""The gRPC server: the ledger of points and everything that is booked in it."""
