-- Timestamps, dates, times, intervals.
\set VERBOSITY terse
SET timezone = 'Europe/Warsaw';
SELECT v, rt('timestamp', 'timestamptz', v) FROM unnest(ARRAY['1970-01-01 00:00:00+00', '2024-02-29T12:34:56.789Z',
  '1969-12-31 23:59:59.999+00', '1969-12-31 23:59:59.9999+00', '2024-02-29 12:34:56.789999+00', '0001-01-01 00:00:00+00',
  '4713-01-01 00:00:00+00 BC', '294276-12-31 23:59:59.999+00', '2024-03-31 02:30:00', 'infinity', '-infinity']) v;
SET timezone = 'Asia/Kolkata';
SELECT v, rt('timestamp', 'timestamp', v) FROM unnest(ARRAY['1970-01-01', '2024-02-29 12:34:56.789', '1999-12-31 23:59:59.9995',
  '0044-03-15 BC', 'infinity']) v;
SELECT rd('timestamp', 'timestamptz', '8000000000000000'), rd('timestamp', 'timestamptz', '7fffffffffffffff'),
       rd('timestamp', 'timestamp', 'ffffff3e8e7e8000'), rd('timestamp', 'timestamp', '');
SET timezone = 'UTC';
SELECT v, rt('date', 'date', v) FROM unnest(ARRAY['1970-01-01', '1969-12-31', '2024-02-29', '4713-01-01 BC', '5874897-12-31',
  'infinity', '-infinity']) v;
SELECT rd('date', 'date', '00000000'), rd('date', 'date', 'ffffffff'), rd('date', 'date', '');
SELECT v, rt('time', 'time', v) FROM unnest(ARRAY['00:00:00', '08:12:54.123', '23:59:59.999999', '24:00:00']) v;
SELECT rd('time', 'time', '00004e94914effff'), rd('time', 'time', 'ffffffffffffffff'), rd('time', 'time', '00004e94914f0000'),
       rd('time', 'time', '0000000000000001'), rd('time', 'time', '');
SELECT v, rt('duration', 'interval', v) FROM unnest(ARRAY['0', '1 mon 2 days 0.000003', '-1 mon -2 days -0.000003',
  '1 year 2 mons 3 days 04:05:06', '0.5 s', '89:04:48', '1 mon -1 day', '-178000000 years', '3000000 hours']) v;
SELECT rd('duration', 'interval', '020406'), rd('duration', 'interval', '0000f03b9aca00'), rd('duration', 'interval', '000000'),
       rd('duration', 'interval', 'f0fffffffef0fffffffefffffffffffffffffe'), rd('duration', 'interval', '0000'),
       rd('duration', 'interval', '0201' || '00'), rd('duration', 'interval', '');
