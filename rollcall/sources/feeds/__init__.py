"""Incidents as others publish them: CAP alerts, Atom feeds of them, USGS GeoJSON, GDACS GeoRSS."""
