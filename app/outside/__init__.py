"""What lies outside and is asked over the network, each behind a small interface."""
