"""What the Realtime API is: models, audio format, event shapes and order. Imports only model."""
