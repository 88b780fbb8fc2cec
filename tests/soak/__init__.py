"""An hour beside a call centre: the real service, calls whose truth is known, and everything that goes wrong in the meantime."""
