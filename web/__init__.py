"""Pages, JSON API and the supervisor's board."""
