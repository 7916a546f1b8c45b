"""The ways out of the house: letters by SMTP, calls of a webhook, calendars. They know neither database nor people."""
