"""Schedules that send: Prefect keeps them and says when; what they send is Rollcall's."""
