"""One module a question: `measure` collects raw times into pyperf benchmarks, `judge` makes tables of those alone."""
