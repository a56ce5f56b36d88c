-- The end of a job makes history too, for an action that made no job costs nothing.
CREATE INDEX events_of_actions ON events (wall_ms) WHERE kind IN ('intent', 'job_ended', 'paused', 'resumed');
-- Kinds of newer versions, of which there are none but after a rollback; replay.rs asks in the same words.
CREATE INDEX events_of_newer_kinds ON events (incident) WHERE kind NOT IN ('opened', 'refused', 'alert', 'witnessed', 'cleared', 'decided', 'intent', 'job_ended', 'verdict', 'acknowledged', 'closed');
