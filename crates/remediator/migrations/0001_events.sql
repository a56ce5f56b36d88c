-- The log of events. It only grows; incidents are folds over it.
CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    incident INTEGER NOT NULL,
    wall_ms INTEGER NOT NULL,
    boot_ms INTEGER NOT NULL,
    boot_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    -- Under this number a re-sent alert is recognised; null for other events.
    episode INTEGER,
    body TEXT NOT NULL
) STRICT;

CREATE INDEX events_by_incident ON events (incident);
CREATE INDEX events_opened ON events (incident) WHERE kind = 'opened';
CREATE INDEX events_ending ON events (incident, wall_ms) WHERE kind IN ('closed', 'refused');
CREATE INDEX events_of_history ON events (wall_ms) WHERE kind IN ('intent', 'paused', 'resumed');
