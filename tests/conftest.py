"""What holds for every test."""

from hypothesis import HealthCheck, settings

# A busy machine draws examples slowly; that says nothing about the code.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")
