"""What the product decides: pure values and rules, no input or output, no clock; time comes in as an argument."""
