"""Many questions → outputs and a manifest: incremental, resumable, never half written."""
