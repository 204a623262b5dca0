/**
 * What `PostgresRateLimitStore` needs in a schema of a database, as SQL for a migration of your own: two unlogged tables, whose rows
 * nobody misses after a crash of the server, and a function that does what stands in tally.ts and penalty.ts. Running it again changes
 * nothing. Who calls the function needs `USAGE` of the schema, and `SELECT`, `INSERT`, `UPDATE` and `DELETE` on both tables.
 *
 * Everything is named in full, and the function looks nowhere but in `pg_catalog`: who may make functions and operators in some schema of
 * the search path does not get them called.
 *
 * @param schema of small letters, digits and underscores. Throws a `RangeError` for another.
 */
export function postgresRateLimitMigration(schema = 'public'): string {
  requireSchema(schema)
  const within = `"${schema}"`
  return `
CREATE UNLOGGED TABLE IF NOT EXISTS ${within}.portcullis_limits (
  name text COLLATE "C" PRIMARY KEY,
  tallies float8[] NOT NULL,
  penalty float8[] NOT NULL,
  until float8 NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX IF NOT EXISTS portcullis_limits_until ON ${within}.portcullis_limits (until);
CREATE UNLOGGED TABLE IF NOT EXISTS ${within}.portcullis_limit_instances (instance text PRIMARY KEY, seen float8 NOT NULL);

CREATE OR REPLACE FUNCTION ${within}.portcullis_limits_1(mode text, charges jsonb, at_time float8, instance_name text) RETURNS float8[]
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET lock_timeout = '500ms' AS $body$
DECLARE
  now_ms float8;
  names text[];
  instances float8 := 0;
  allowed boolean := true;
  answer float8[] := '{}';
  charge jsonb;
  w jsonb;
  found record;
  size int;
  base int;
  kind int; count_ float8; window_ float8; burst float8; ends float8;
  at_ float8; used float8; before_ float8;
  left_ float8; wait float8; excess float8; drained float8;
  cost float8; capped boolean; first_ float8; most_ float8; memory_ float8; penalty_left float8; length_ float8; broken boolean; last_end float8;
  is_next boolean; is_moved boolean;
  tallies_ float8[]; penalty_ float8[];
  -- For each charge, in its order: what it becomes.
  all_tallies float8[] := '{}'; all_penalties float8[] := '{}';
  all_left float8[] := '{}'; all_broken boolean[] := '{}'; all_moved boolean[] := '{}';
  place int := 0; offset_ int := 0;
BEGIN
  SELECT array_agg(c->>'name' ORDER BY (c->>'name') COLLATE "C") INTO names FROM jsonb_array_elements(charges) c;
  IF mode = 'reset' THEN
    -- In one statement: a second one would see rows that were made meanwhile, and wait for them in whatever order it finds them.
    DELETE FROM ${within}.portcullis_limits WHERE name = ANY(ARRAY(
      SELECT name FROM ${within}.portcullis_limits WHERE name = ANY(names) ORDER BY name FOR UPDATE));
    RETURN '{1,0}';
  ELSIF mode IN ('consume', 'refund') THEN
    -- Each row is made, or else locked as it is, in the order of their names: no two calls wait for each other.
    INSERT INTO ${within}.portcullis_limits AS l (name, tallies, penalty, until)
      SELECT n, '{}', '{0,0,0}', 0 FROM unnest(names) n ORDER BY n COLLATE "C" ON CONFLICT (name) DO UPDATE SET until = l.until WHERE false;
  END IF;
  now_ms := coalesce(at_time, floor(extract(epoch FROM clock_timestamp()) * 1000)::float8);
  IF mode = 'sweep' THEN
    DELETE FROM ${within}.portcullis_limits WHERE name = ANY(ARRAY(
      SELECT name FROM ${within}.portcullis_limits WHERE until <= now_ms ORDER BY until LIMIT 1000 FOR UPDATE SKIP LOCKED));
    RETURN '{1,0}';
  END IF;
  IF instance_name IS NOT NULL THEN
    INSERT INTO ${within}.portcullis_limit_instances VALUES (instance_name, now_ms) ON CONFLICT (instance) DO UPDATE SET seen = excluded.seen;
    -- After an outage all are old at once: who waited here for another would be waited for by it.
    DELETE FROM ${within}.portcullis_limit_instances WHERE instance = ANY(ARRAY(
      SELECT instance FROM ${within}.portcullis_limit_instances WHERE seen < now_ms - 15000 FOR UPDATE SKIP LOCKED));
    SELECT count(*) INTO instances FROM ${within}.portcullis_limit_instances WHERE seen >= now_ms - 15000;
  END IF;

  FOR charge IN SELECT * FROM jsonb_array_elements(charges) LOOP
    place := place + 1;
    cost := (charge->>'cost')::float8;
    capped := (charge->>'capped')::boolean;
    first_ := (charge->'penalty'->>0)::float8; most_ := (charge->'penalty'->>1)::float8; memory_ := (charge->'penalty'->>2)::float8;
    tallies_ := NULL;
    SELECT tallies, penalty INTO tallies_, penalty_ FROM ${within}.portcullis_limits WHERE name = charge->>'name';
    tallies_ := coalesce(tallies_, '{}');
    penalty_ := coalesce(penalty_, '{0,0,0}');
    penalty_left := CASE WHEN first_ > 0 THEN greatest(0, penalty_[1] - now_ms) ELSE 0 END;
    length_ := least(most_, first_ * power(2::float8, least(penalty_[2] - 1, 40)));
    broken := false;
    is_moved := penalty_left > length_;
    IF is_moved THEN
      -- The clock was set back: it lasts no longer than it was given for.
      penalty_left := length_;
      penalty_[1] := now_ms + penalty_left;
      penalty_[3] := penalty_[1] + memory_;
    END IF;
    IF penalty_left > 0 THEN allowed := false; END IF;
    base := 0;
    FOR w IN SELECT * FROM jsonb_array_elements(charge->'windows') LOOP
      kind := (w->>0)::int; count_ := (w->>1)::float8; window_ := (w->>2)::float8; burst := (w->>3)::float8;
      at_ := coalesce(tallies_[base + 1], '-Infinity'); used := coalesce(tallies_[base + 2], 0); before_ := coalesce(tallies_[base + 3], 0);
      IF mode = 'refund' THEN
        ends := (w->>4)::float8;
        IF at_ > '-Infinity' THEN
          IF kind = 2 THEN
            IF at_ < now_ms THEN used := greatest(0, used - (now_ms - at_) * count_); END IF;
            at_ := now_ms;
            used := greatest(0, used - least(cost * window_, greatest(0, (ends - now_ms) * count_)));
          ELSIF at_ = ends THEN used := greatest(0, used - cost);
          ELSIF kind = 1 AND at_ = ends + window_ THEN before_ := greatest(0, before_ - cost);
          END IF;
        END IF;
      ELSIF kind = 2 THEN
        is_moved := is_moved OR at_ > now_ms;
        IF at_ = '-Infinity' THEN used := 0;
        ELSIF at_ < now_ms THEN used := greatest(0, used - (now_ms - at_) * count_);
        END IF;
        at_ := now_ms;
      ELSIF at_ > now_ms THEN
        is_moved := is_moved OR at_ > now_ms + window_;
        at_ := least(at_, now_ms + window_);
      ELSE
        is_next := kind = 1 AND at_ + window_ > now_ms;
        before_ := CASE WHEN is_next THEN used ELSE 0 END;
        used := 0;
        at_ := CASE WHEN is_next THEN at_ + window_ ELSE now_ms + window_ END;
      END IF;
      IF mode <> 'refund' THEN
        left_ := CASE kind WHEN 0 THEN greatest(0, count_ - used) WHEN 2 THEN greatest(0, floor((burst * window_ - used) / window_))
          ELSE greatest(0, floor((count_ * window_ - before_ * (at_ - now_ms)) / window_) - used) END;
        IF NOT capped AND cost > left_ THEN allowed := false; broken := true; END IF;
      END IF;
      all_tallies := all_tallies || ARRAY[at_, used, before_];
      base := base + 3;
    END LOOP;
    all_penalties := all_penalties || penalty_;
    all_left := all_left || penalty_left;
    all_broken := all_broken || broken;
    all_moved := all_moved || is_moved;
  END LOOP;

  place := 0;
  answer := ARRAY[CASE WHEN allowed THEN 1 ELSE 0 END, instances];
  FOR charge IN SELECT * FROM jsonb_array_elements(charges) LOOP
    place := place + 1;
    cost := (charge->>'cost')::float8;
    capped := (charge->>'capped')::boolean;
    first_ := (charge->'penalty'->>0)::float8; most_ := (charge->'penalty'->>1)::float8; memory_ := (charge->'penalty'->>2)::float8;
    size := jsonb_array_length(charge->'windows');
    penalty_left := all_left[place];
    penalty_ := all_penalties[place * 3 - 2 : place * 3];
    IF mode = 'consume' AND NOT allowed AND all_broken[place] AND first_ > 0 AND penalty_left = 0 THEN
      penalty_[2] := CASE WHEN penalty_[3] > now_ms THEN penalty_[2] + 1 ELSE 1 END;
      penalty_left := least(most_, first_ * power(2::float8, least(penalty_[2] - 1, 40)));
      penalty_[1] := now_ms + penalty_left;
      penalty_[3] := penalty_[1] + memory_;
      UPDATE ${within}.portcullis_limits SET penalty = penalty_, until = greatest(until, penalty_[3]) WHERE name = charge->>'name';
    END IF;
    answer := answer || penalty_left;
    last_end := greatest(now_ms, penalty_[3]);
    tallies_ := '{}';
    base := offset_;
    FOR w IN SELECT * FROM jsonb_array_elements(charge->'windows') LOOP
      kind := (w->>0)::int; count_ := (w->>1)::float8; window_ := (w->>2)::float8; burst := (w->>3)::float8;
      at_ := all_tallies[base + 1]; used := all_tallies[base + 2]; before_ := all_tallies[base + 3];
      base := base + 3;
      IF mode <> 'refund' THEN
        FOR pass IN 1..2 LOOP
          left_ := CASE kind WHEN 0 THEN greatest(0, count_ - used) WHEN 2 THEN greatest(0, floor((burst * window_ - used) / window_))
            ELSE greatest(0, floor((count_ * window_ - before_ * (at_ - now_ms)) / window_) - used) END;
          EXIT WHEN pass = 2 OR mode <> 'consume' OR NOT allowed;
          used := used + least(cost, left_) * CASE kind WHEN 2 THEN window_ ELSE 1 END;
        END LOOP;
        wait := CASE kind WHEN 2 THEN ceil(used / count_) WHEN 1 THEN at_ - now_ms + CASE WHEN used > 0 THEN window_ ELSE 0 END ELSE at_ - now_ms END;
        IF (mode = 'read' OR NOT allowed) AND NOT capped AND cost > left_ AND kind <> 0 AND cost <= burst THEN
          IF kind = 2 THEN
            wait := ceil((used + cost * window_ - burst * window_) / count_);
          ELSE
            excess := (used + cost) * window_ + before_ * (at_ - now_ms) - count_ * window_;
            drained := CASE WHEN before_ > 0 THEN ceil(excess / before_) ELSE 'Infinity' END;
            wait := CASE WHEN drained <= at_ - now_ms THEN drained ELSE at_ - now_ms + greatest(0, ceil(((used + cost - count_) * window_) / nullif(used, 0))) END;
          END IF;
        END IF;
        answer := answer || ARRAY[left_, wait, CASE kind WHEN 2 THEN at_ + floor(used / count_) ELSE at_ END];
      END IF;
      IF at_ > '-Infinity' THEN
        last_end := greatest(last_end, CASE kind WHEN 2 THEN at_ + ceil(used / count_) WHEN 1 THEN at_ + window_ ELSE at_ END);
      END IF;
      tallies_ := tallies_ || ARRAY[at_, used, before_];
    END LOOP;
    offset_ := offset_ + size * 3;
    IF mode = 'refund' OR (mode = 'consume' AND (allowed OR all_moved[place])) THEN
      -- Rounded up to whole minutes, it seldom changes, and an update need not touch the index.
      UPDATE ${within}.portcullis_limits SET tallies = tallies_, penalty = penalty_, until = ceil(last_end / 60000) * 60000
        WHERE name = charge->>'name';
    END IF;
  END LOOP;
  RETURN answer;
END
$body$;
`
}

/** Throws a `RangeError` for what cannot stand in SQL as it is. */
export function requireSchema(schema: string): void {
  if (/^[a-z_][a-z0-9_]{0,62}$/.test(schema)) return
  throw new RangeError(`schema is ${JSON.stringify(schema)}: give small letters, digits and underscores, 63 at most, no digit first`)
}
