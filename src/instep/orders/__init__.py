"""Which item comes next: the orders that a thing admits, and walks in them."""
