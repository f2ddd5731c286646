"""Adapters to engines that people already run. Each is an extra, and is imported by those who ask for it alone."""
