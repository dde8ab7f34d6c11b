"""What instep costs and what it knows, beside its peers: `python -m benchmarks`, one module in `rows` a question."""
