# How large a log record and a request with many of them may be, in bytes. Loki as it is shipped (3.7) takes lines of
# 256 KiB, of 128 further fields and 64 KiB of these, and 4 MiB in one message between its parts; it refuses a whole
# request for one record that it does not take. So each record is cut below that before it is stored in a queue, and our
# own store takes twice as much at least.
rec {
  # The line itself.
  text = 192 * 1024;
  # A line that the journal has split is put together up to this; with the piece that exceeds it, 48 KiB at most, it is
  # still no longer than a text.
  joined = text - 64 * 1024;

  # Its fields: how many, and how long they may be together, written as JSON. Beyond the latter each is cut to what
  # leaves them all within it; the few that a line normally has keep more.
  fields = 80;
  allFields = 40000;
  few = 16;
  fewField = 2048;
  field = 400;
  name = 128;
  # What names a stream.
  label = 200;

  # A request. Loki writes each record's severity and times out once more, so that small records become three times as
  # long in its messages.
  batch = 768 * 1024;

  # How old and how far ahead a time may be: Loki refuses what is older than a week or ten minutes ahead.
  oldest = days: (if days < 7 then 24 * days else 24 * 7) - 8;
  aheadMinutes = 5;
}
