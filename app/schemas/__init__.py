"""The shapes of what comes in and goes out, shared by all audiences: types, lengths, unknown fields refused."""
