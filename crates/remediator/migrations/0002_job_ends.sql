-- The end of a job makes history too, for an action that made no job costs nothing.
CREATE INDEX events_of_actions ON events (wall_ms) WHERE kind IN ('intent', 'job_ended', 'paused', 'resumed');
-- An alert joins an episode that was seen before; the newest are read when the process begins.
CREATE INDEX events_of_kind ON events (kind, incident);
