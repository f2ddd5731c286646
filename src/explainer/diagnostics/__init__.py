"""What is said about a file or an answer, and how it is shown: findings, their registry, reports."""
