"""What is seen of a running server: logs, metrics, traces (OPS-2)."""
