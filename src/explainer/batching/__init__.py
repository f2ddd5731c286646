"""Many questions to outputs beside a manifest."""
