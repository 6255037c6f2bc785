"""The parts that pages are drawn from: one `show()` a file."""
