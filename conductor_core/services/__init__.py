"""What the product does: services act through ports on what the domain decides. Doors call one service each."""
