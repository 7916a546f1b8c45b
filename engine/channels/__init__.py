"""Speaks to the outside: SMTP, webhooks, calendars, OpenID Connect, ClamAV. It knows neither database nor people."""
