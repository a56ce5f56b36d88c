# One alert rule with the labels and annotations that every alert of the stack carries.
# `holds` is the time in seconds for which the expression must be true.
{ host, runbookUrl }:
{
  name,
  expr,
  holds ? 0,
  severity,
  component,
  unit ? null,
  summary,
  description,
}:
{
  alert = name;
  inherit expr;
  labels = {
    inherit severity component host;
  }
  // (if unit == null then { } else { inherit unit; });
  annotations = {
    inherit summary description;
    runbook_url = import ./runbook.nix runbookUrl name;
  };
}
// (if holds == 0 then { } else { for = "${toString holds}s"; })
