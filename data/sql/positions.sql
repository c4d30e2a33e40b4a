-- Where every person is at snapshot_info.as_of: the latest evidence wins (docs/contract.md §2).
-- One row per person: person_id, country, latitude, longitude, accuracy_m, source, at.
-- `report_countries` (line, country) holds the countries of latest reports that did not name one.
create table positions as
with
reports as (
    select
        person_id,
        coalesce(latest_reports.country, report_countries.country) as country,
        latitude,
        longitude,
        accuracy_m,
        'report' as source,
        "at"
    from latest_reports
    left join report_countries on report_countries.line = latest_reports.line
),
bookings_in_progress as (
    select
        person_id,
        coalesce(bookings.country, airports.country) as country,
        airports.latitude,
        airports.longitude,
        null::double as accuracy_m,
        'booking' as source,
        starts_at as "at"
    from bookings
    left join airports on airports.iata = bookings.iata, snapshot_info
    where starts_at <= as_of and as_of < ends_at
    qualify row_number() over (partition by person_id order by starts_at desc, booking_id desc) = 1
),
evidence as (
    select * from reports
    union all
    select * from bookings_in_progress
),
latest_evidence as (
    select * from evidence
    qualify row_number() over (partition by person_id order by "at" desc, source = 'report' desc) = 1
)
select
    people.person_id,
    if(seen.source is not null, seen.country, workplace.country) as country,
    if(seen.source is not null, seen.latitude, workplace.latitude) as latitude,
    if(seen.source is not null, seen.longitude, workplace.longitude) as longitude,
    seen.accuracy_m,
    case
        when seen.source is not null then seen.source
        when workplace.facility_id is not null then 'workplace'
        else 'none'
    end as source,
    seen."at"
from people
left join latest_evidence as seen on seen.person_id = people.person_id
left join facilities as workplace on workplace.facility_id = people.facility_id
order by people.person_id;
