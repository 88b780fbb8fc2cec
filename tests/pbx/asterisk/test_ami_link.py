"""The values around a link."""

import ssl

import pytest

from pbx.asterisk.ami_link import AmiConfig, tls_context


def test_config_never_shows_the_secret() -> None:
    config = AmiConfig(name="main", host="h", port=1, username="cti", secret="hunter2")
    assert "hunter2" not in repr(config)


def test_tls_verifies_certificate_and_name() -> None:
    context = tls_context()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_ca_file_that_is_missing_is_an_error_at_once() -> None:
    with pytest.raises(OSError):
        tls_context("/nonexistent/ca.pem")
