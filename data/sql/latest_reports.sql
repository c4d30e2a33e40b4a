-- The latest location report of every person at snapshot_info.as_of (docs/contract.md §2).
-- One row per person who has one: line, person_id, country (as reported), latitude, longitude, accuracy_m, at.
-- Rows are chosen whole: a maximum per column would mix the country of one report with the place of another.
-- ("at" is quoted because AT is a keyword of DuckDB.)
create table latest_reports as
select line, person_id, country, latitude, longitude, accuracy_m, reported_at as "at"
from locations, snapshot_info
where reported_at <= as_of
qualify row_number() over (partition by person_id order by reported_at desc, line desc) = 1;
