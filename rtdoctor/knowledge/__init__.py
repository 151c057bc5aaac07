"""What is known of services and clients, as data: read here, judged elsewhere."""
