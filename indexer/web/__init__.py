"""The page: its components, its views and the data for them."""
