"""A real Asterisk with SIPp phones on loopback: what the product is judged against, and where recordings come from."""
